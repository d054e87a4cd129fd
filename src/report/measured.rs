//! Whether the numbers of a case are within all measure. A case that somebody sent may say anything, and counts are added up.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// No count of a case reaches it, and no reader of JSON tells greater ones apart.
const BEYOND: u64 = 1 << 53;

/// JSON of which every number is below [`BEYOND`]; it holds nothing of it.
pub(super) struct Measured;

impl<'de> Deserialize<'de> for Measured {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Measured {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self, E> {
        if number < BEYOND { Ok(self) } else { Err(E::custom(format_args!("{number} is no count of a case"))) }
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_all_measure_is_found_wherever_it_stands() {
        let read = |text: &str| serde_json::from_str::<Measured>(text).map(drop).map_err(|e| e.to_string());
        assert_eq!(read(r#"{"a":[1,-9,1e300,null,true,"18446744073709551615",{"b":9007199254740991}]}"#), Ok(()));
        assert!(read(r#"{"a":[{"b":9007199254740992}]}"#).unwrap_err().contains("9007199254740992 is no count"));
        assert!(read("[18446744073709551615]").is_err() && read("[1").is_err());
    }
}
