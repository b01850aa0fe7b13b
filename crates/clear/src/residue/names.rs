//! Forms of a person's name: all parts of all component groups, and all parts together in every usual order.

use super::fold::{fold, is_dense, weight};
use super::forms::{Forms, Shape, Strength};

/// A name has at most so many parts that are tried in different orders.
const MOST_PARTS: usize = 4;

/// Adds the forms of a name in PN form (PS3.5 section 6.2), or of one written in any other way.
pub(crate) fn add_forms(value: &str, forms: &mut Forms<'_>) {
    for group in value.split('=') {
        // Prefix and suffix say nothing of the person, and what does is a part of the others.
        let components: Vec<&str> = group.split('^').take(3).collect();
        let parts: Vec<&str> = components
            .iter()
            .flat_map(|component| component.split([' ', ',', '-', '.', '·', '・', '　', '\'', '_']))
            .filter(|part| !part.is_empty())
            .collect();
        for part in &parts {
            forms.add_text(part);
        }
        for component in &components {
            forms.add_text(component);
        }
        add_whole(&components, &parts, forms);
    }
}

fn add_whole(components: &[&str], parts: &[&str], forms: &mut Forms<'_>) {
    if parts.len() < 2 || weight(&parts.concat()) < 4 {
        return;
    }
    let mut orders = vec![parts.to_vec()];
    if parts.len() <= MOST_PARTS {
        let mut rotated = parts.to_vec();
        for _ in 1..parts.len() {
            rotated.rotate_left(1);
            orders.push(rotated.clone());
        }
        let mut reversed = parts.to_vec();
        reversed.reverse();
        orders.push(reversed);
    }
    let family_and_given: Vec<&str> = components.iter().take(2).copied().collect();
    if let [family, given] = family_and_given[..] {
        orders.push(vec![family, given]);
        orders.push(vec![given, family]);
    }
    for order in orders {
        let dense = order.iter().all(|part| part.chars().all(is_dense));
        let joins: &[&str] = if dense {
            &["", " ", "^", "·"]
        } else {
            &["", " ", "^", "_", "-", ",", ", ", "."]
        };
        for join in joins {
            insert_whole(&order.join(join), forms);
        }
    }
}

/// A whole name identifies even where each of its parts is an everyday word.
fn insert_whole(name: &str, forms: &mut Forms<'_>) {
    if weight(&fold(name)) >= 4 {
        forms.insert(name, Shape::Words, Strength::Anywhere);
    }
}
