//! The proof system's hash: tagged SHA-256 behind Winterfell's traits (spec: `docs/spec/proof.md`, "Hash").
//!
//! Rows of field elements hash as STC rows; what the coin hashes has tags of its own, so that a digest made by the coin
//! is never a leaf, a node or a root. The coin itself is Winterfell's `DefaultRandomCoin`.

use sha2::Digest as _;
use winter_crypto::{ElementHasher, Hasher};
use winter_math::FieldElement;
use winter_utils::{ByteReader, ByteWriter, Deserializable, DeserializationError, Serializable};

use crate::field::BaseElement;
use crate::{Digest, Tag};

/// Tagged SHA-256 over the 64-bit field.
#[derive(Clone, Copy, Debug)]
pub struct TaggedSha256;

impl Hasher for TaggedSha256 {
    type Digest = Digest;

    const COLLISION_RESISTANCE: u32 = 128;

    fn hash(bytes: &[u8]) -> Digest {
        Tag::COIN_BYTES.digest(&[bytes])
    }

    fn merge([seed, data]: &[Digest; 2]) -> Digest {
        Tag::COIN_MERGE.digest(&[seed.as_ref(), data.as_ref()])
    }

    fn merge_many(values: &[Digest]) -> Digest {
        let mut hasher = Tag::COIN_BYTES.hasher();
        for value in values {
            hasher.update(value);
        }
        Digest::new(hasher.finalize().into())
    }

    fn merge_with_int(seed: Digest, value: u64) -> Digest {
        Tag::COIN_COUNTER.digest(&[seed.as_ref(), &value.to_le_bytes()])
    }
}

impl ElementHasher for TaggedSha256 {
    type BaseField = BaseElement;

    fn hash_elements<E: FieldElement<BaseField = BaseElement>>(elements: &[E]) -> Digest {
        const BATCH: usize = 16;
        const BYTES: usize = BaseElement::ELEMENT_BYTES;
        let mut hasher = Tag::STC_ROW.hasher();
        let mut buffer = [[0; BYTES]; BATCH];
        for batch in E::slice_as_base_elements(elements).chunks(BATCH) {
            for (bytes, element) in buffer.iter_mut().zip(batch) {
                *bytes = element.as_int().to_le_bytes();
            }
            let filled = buffer.as_flattened().get(..batch.len().saturating_mul(BYTES));
            hasher.update(filled.unwrap_or_default());
        }
        Digest::new(hasher.finalize().into())
    }
}

impl winter_crypto::Digest for Digest {
    fn as_bytes(&self) -> [u8; Digest::LEN] {
        *Self::as_bytes(self)
    }
}

impl Serializable for Digest {
    fn write_into<W: ByteWriter>(&self, target: &mut W) {
        target.write_bytes(self.as_ref());
    }
}

impl Deserializable for Digest {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        source.read_array().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crate::field::Extension;

    use super::*;

    #[test]
    fn a_row_is_hashed_as_its_canonical_bytes() {
        for length in [0, 1, 12, 15, 16, 17, 40] {
            let row: Vec<_> = (0..length).map(|i| BaseElement::new(u64::MAX - 977 * i)).collect();
            let bytes: Vec<u8> = row.iter().flat_map(|element| element.as_int().to_le_bytes()).collect();
            assert_eq!(TaggedSha256::hash_elements(&row), Tag::STC_ROW.digest(&[&bytes]));
        }
    }

    #[test]
    fn an_extension_element_is_hashed_as_its_coefficients() {
        let base = [3, 5, 7].map(BaseElement::new);
        let extended = Extension::new(base[0], base[1], base[2]);
        assert_eq!(TaggedSha256::hash_elements(&[extended]), TaggedSha256::hash_elements(&base));
    }

    #[test]
    fn the_coin_has_its_own_tags() {
        let (a, b) = (Digest::of_content(b"a"), Digest::of_content(b"b"));
        let both = [*a.as_bytes(), *b.as_bytes()].concat();
        assert_eq!(TaggedSha256::merge(&[a, b]), Tag::COIN_MERGE.digest(&[&both]));
        assert_eq!(TaggedSha256::hash(&both), Tag::COIN_BYTES.digest(&[&both]));
        assert_eq!(
            TaggedSha256::merge_with_int(a, 258),
            Tag::COIN_COUNTER.digest(&[a.as_ref(), &[2, 1, 0, 0, 0, 0, 0, 0]])
        );
    }
}
