use alloc::{string::ToString, vec};

use proptest::{collection::vec as vec_of, prelude::*};

use super::*;
use crate::reason::ReasonCode;

record! {
    /// A record for tests.
    #[allow(unreachable_pub)]
    pub struct Sample {
        /// An integer.
        pub count: u64,
        /// An optional text.
        pub name: Option<String>,
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::Uint),
        vec_of(any::<u8>(), 0..40).prop_map(Value::Bytes),
        ".{0,40}".prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            vec_of(inner.clone(), 0..8).prop_map(Value::Array),
            proptest::collection::btree_map(".{0,30}", inner, 0..8)
                .prop_map(|entries| Value::map(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn decode_inverts_encode(value in value()) {
        prop_assert_eq!(Value::decode(&value.encode()), Ok(value));
    }

    #[test]
    fn what_decodes_is_canonical(bytes in vec_of(any::<u8>(), 0..64)) {
        if let Ok(value) = Value::decode(&bytes) {
            prop_assert_eq!(value.encode(), bytes);
        }
    }

    #[test]
    fn a_flipped_byte_decodes_to_another_value_or_not_at_all(value in value(), place: prop::sample::Index, mask in 1u8..) {
        let mut bytes = value.encode();
        let place = place.index(bytes.len());
        bytes[place] ^= mask;
        prop_assert_ne!(Value::decode(&bytes), Ok(value));
    }
}

#[test]
fn each_freedom_of_cbor_is_refused() {
    let cases: &[(&[u8], ReasonCode)] = &[
        (&[], ReasonCode::ParseFailed),
        (&[0x18, 0x17], ReasonCode::CanonicalizationFailed), // 23 in two bytes
        (&[0x1b, 0, 0, 0, 0, 0, 0, 0, 1], ReasonCode::CanonicalizationFailed),
        (&[0x58, 0x01, 0xaa], ReasonCode::CanonicalizationFailed), // length in two bytes
        (&[0x5f, 0x41, 0xaa, 0xff], ReasonCode::CanonicalizationFailed), // segments
        (&[0x9f, 0xff], ReasonCode::CanonicalizationFailed),
        (&[0xbf, 0xff], ReasonCode::CanonicalizationFailed),
        (&[0xa2, 0x61, b'b', 0, 0x61, b'a', 0], ReasonCode::CanonicalizationFailed), // unsorted
        (&[0xa2, 0x61, b'a', 0, 0x61, b'a', 0], ReasonCode::CanonicalizationFailed), // duplicate
        (&[0xa2, 0x62, b'a', b'a', 0, 0x61, b'b', 0], ReasonCode::CanonicalizationFailed), // longer key first
        (&[0xa1, 0x01, 0x01], ReasonCode::UnsupportedEncoding),                      // integer key
        (&[0x20], ReasonCode::UnsupportedEncoding),                                  // -1
        (&[0xf9, 0x3c, 0x00], ReasonCode::UnsupportedEncoding),                      // 1.0
        (&[0xc1, 0x00], ReasonCode::UnsupportedEncoding),                            // tag
        (&[0xf6], ReasonCode::UnsupportedEncoding),                                  // null
        (&[0xff], ReasonCode::ParseFailed),                                          // stray break
        (&[0x00, 0x00], ReasonCode::ParseFailed),                                    // trailing
        (&[0x61, 0xff], ReasonCode::ParseFailed),                                    // not UTF-8
        (&[0x5b, 0x10, 0, 0, 0, 0, 0, 0, 0], ReasonCode::ParseFailed),               // 2^60 bytes
        (&[0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0], ReasonCode::ParseFailed),               // 2^60 items
        (&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], ReasonCode::ParseFailed),
    ];
    for (bytes, code) in cases {
        assert_eq!(Value::decode(bytes).map_err(|error| error.code()), Err(*code), "{bytes:02x?}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |levels: usize| [vec![0x81; levels - 1], vec![0x80]].concat();
    assert!(Value::decode(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(Value::decode(&nested(MAX_DEPTH + 1)), Err(CborError::TooDeep));
    assert_eq!(Value::decode(&nested(1_000_000)), Err(CborError::TooDeep));
}

#[test]
fn items_are_counted() {
    let array = |len: u32| [&[0x9a][..], &len.to_be_bytes(), &vec![0; len as usize]].concat();
    assert!(Value::decode(&array(MAX_ITEMS as u32 - 1)).is_ok());
    assert_eq!(Value::decode(&array(MAX_ITEMS as u32)), Err(CborError::TooManyItems));
    // Texts of seven bytes take eight: of these there may be more, and one byte less is too little.
    let texts = |count: usize, len: usize| Value::Array(vec![Value::Text("a".repeat(len)); count]).encode();
    assert!(Value::decode(&texts(MAX_ITEMS + 1000, 7)).is_err());
    assert!(Value::decode(&texts(MAX_ITEMS + 1000, 8)).is_ok());
    assert_eq!(Value::decode(&texts(MAX_ITEMS + 1000, 6)), Err(CborError::TooManyItems));
}

#[test]
fn records_know_their_keys() {
    let sample = Sample { count: 3, name: Some("x".to_string()) };
    assert_eq!(Sample::decode(&sample.encode()), Ok(sample));
    let absent = Sample { count: 3, name: None };
    assert_eq!(absent.encode(), [0xa1, 0x65, b'c', b'o', b'u', b'n', b't', 3]);
    let unknown = Value::map(vec![("count".to_string(), Value::Uint(1)), ("extra".to_string(), Value::Uint(1))]);
    assert_eq!(Sample::from_value(unknown), Err(CborError::UnknownKey { key: "extra".to_string() }));
    assert_eq!(Sample::from_value(Value::Map(vec![])), Err(CborError::MissingKey { key: "count" }));
}
