//! What a person passes beside the logs: account table, field map, list of the known good, labels.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stillhunt::allow_list::AllowList;
use stillhunt::normalise::FieldMap;
use stillhunt::{account_table, evaluate};

fuzz_target!(|data: &[u8]| {
    let _ = account_table::read(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = FieldMap::from_toml(text);
        let _ = AllowList::from_toml(text);
    }
    let middle = data.len() / 2;
    let _ = evaluate::evaluate(&data[..middle], &data[middle..]);
});
