//! JSON whose bytes depend on its content alone: keys sorted, two spaces, one newline at the end, as `jq -S .` writes it.

use serde::Serialize;
use serde_json::{Map, Value};

/// The canonical text of a value.
pub(crate) fn to_text<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let sorted = sort(serde_json::to_value(value)?);
    let mut text = serde_json::to_string_pretty(&sorted)?;
    text.push('\n');
    Ok(text)
}

/// Sorts the keys of all objects, whether or not another crate has asked `serde_json` to keep their order.
fn sort(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut pairs: Vec<_> = object.into_iter().collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            let sorted: Map<_, _> = pairs
                .into_iter()
                .map(|(key, value)| (key, sort(value)))
                .collect();
            Value::Object(sorted)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sort).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::json!({"b": [{"z": 1, "a": "张"}], "a": null});
        let text = "{\n  \"a\": null,\n  \"b\": [\n    {\n      \"a\": \"张\",\n      \"z\": 1\n    }\n  ]\n}\n";
        assert_eq!(super::to_text(&value).unwrap(), text);
    }
}
