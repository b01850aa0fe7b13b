//! Command sets of DIMSE (PS3.7 annex E): always Implicit VR Little Endian.

/// The longest command set that is taken.
pub(crate) const LONGEST_COMMAND: usize = 1 << 16;

pub(crate) const C_STORE: u16 = 0x0001;
pub(crate) const C_ECHO: u16 = 0x0030;
pub(crate) const C_CANCEL: u16 = 0x0FFF;
const RESPONSE: u16 = 0x8000;
const NO_DATA_SET: u16 = 0x0101;

/// Status codes (PS3.7 annex C, PS3.4 table B.2-1).
pub(crate) mod status {
    pub(crate) const SUCCESS: u16 = 0x0000;
    pub(crate) const UNRECOGNIZED_OPERATION: u16 = 0x0211;
    pub(crate) const OUT_OF_RESOURCES: u16 = 0xA700;
    pub(crate) const CANNOT_UNDERSTAND: u16 = 0xC000;
}

/// What a peer asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) field: u16,
    pub(crate) message: u16,
    pub(crate) class: String,
    pub(crate) instance: String,
    pub(crate) has_data_set: bool,
}

/// Reads a command set; `None` where it breaks the encoding or lacks its command field.
pub(crate) fn parse(mut bytes: &[u8]) -> Option<Command> {
    let mut command = Command::default();
    let (mut field, mut data_set) = (None, NO_DATA_SET);
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let [g0, g1, e0, e1, l0, l1, l2, l3] = *head;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        match (u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1])) {
            (0, 0x0002) => command.class = uid(value),
            (0, 0x0100) => field = number(value),
            (0, 0x0110) => command.message = number(value)?,
            (0, 0x0800) => data_set = number(value)?,
            (0, 0x1000) => command.instance = uid(value),
            (0, _) => {}
            _ => return None,
        }
    }
    command.field = field?;
    command.has_data_set = data_set != NO_DATA_SET;
    Some(command)
}

fn number(value: &[u8]) -> Option<u16> {
    Some(u16::from_le_bytes(value.try_into().ok()?))
}

fn uid(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.trim_matches(['\0', ' ']).to_owned()
}

/// The answer to a command.
pub(crate) fn response(command: &Command, status: u16) -> Vec<u8> {
    let mut elements = Vec::new();
    if !command.class.is_empty() {
        element(&mut elements, 0x0002, &padded(&command.class));
    }
    element(
        &mut elements,
        0x0100,
        &(command.field | RESPONSE).to_le_bytes(),
    );
    element(&mut elements, 0x0120, &command.message.to_le_bytes());
    element(&mut elements, 0x0800, &NO_DATA_SET.to_le_bytes());
    element(&mut elements, 0x0900, &status.to_le_bytes());
    if command.field == C_STORE && !command.instance.is_empty() {
        element(&mut elements, 0x1000, &padded(&command.instance));
    }
    let mut set = Vec::new();
    element(&mut set, 0x0000, &length_of(&elements));
    set.extend(elements);
    set
}

fn padded(uid: &str) -> Vec<u8> {
    let mut value = uid.as_bytes().to_vec();
    if value.len() % 2 == 1 {
        value.push(0);
    }
    value
}

fn element(into: &mut Vec<u8>, number: u16, value: &[u8]) {
    into.extend([0, 0]);
    into.extend(number.to_le_bytes());
    into.extend(length_of(value));
    into.extend_from_slice(value);
}

/// Command sets are at most [`LONGEST_COMMAND`] bytes, and what is answered is shorter than what was asked.
fn length_of(value: &[u8]) -> [u8; 4] {
    u32::try_from(value.len()).unwrap_or(0).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<u8> {
        let mut set = Vec::new();
        element(&mut set, 0x0002, &padded("1.2.840.10008.5.1.4.1.1.2"));
        element(&mut set, 0x0100, &C_STORE.to_le_bytes());
        element(&mut set, 0x0110, &7_u16.to_le_bytes());
        element(&mut set, 0x0700, &0_u16.to_le_bytes());
        element(&mut set, 0x0800, &0_u16.to_le_bytes());
        element(&mut set, 0x1000, &padded("1.2.3"));
        set
    }

    #[test]
    fn a_request_is_understood_and_answered() {
        let command = parse(&request()).unwrap();
        assert_eq!((command.field, command.message), (C_STORE, 7));
        assert_eq!(command.instance, "1.2.3");
        assert!(command.has_data_set);
        let answer = response(&command, status::SUCCESS);
        assert_eq!(
            &answer[..12],
            [0, 0, 0, 0, 4, 0, 0, 0, (answer.len() - 12) as u8, 0, 0, 0]
        );
        let answer = parse(&answer).unwrap();
        assert_eq!(answer.field, 0x8001);
        assert!(!answer.has_data_set);
    }

    #[test]
    fn every_cut_and_changed_byte_ends_without_panic() {
        let request = request();
        for at in 0..request.len() {
            let _ = parse(&request[..at]);
            let mut changed = request.clone();
            changed[at] ^= 0xff;
            let _ = parse(&changed);
        }
    }
}
