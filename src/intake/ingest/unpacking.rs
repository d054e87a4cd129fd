//! Compressed bytes, read up to what any honest file holds.

use crate::intake::settings::IngestSettings;
use std::io::{self, Read};

/// Reads the decompressed bytes and refuses to expand beyond what any honest log does.
struct Guarded<R> {
    inner: R,
    out: u64,
    limit: u64,
}

/// Bytes that may be read before the ratio counts.
const FREE_EXPANSION: u64 = 64 << 20;

/// Bytes that may come of so many that are packed.
pub(super) fn most_expanded(packed: u64, max_expansion: u64) -> u64 {
    packed.saturating_mul(max_expansion).max(FREE_EXPANSION)
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.out += n as u64;
        if self.out > self.limit {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "it expands beyond any honest log"));
        }
        Ok(n)
    }
}

/// The bytes of a small file that may be packed.
///
/// # Errors
/// When it is damaged, or expands beyond what any honest file does.
pub fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let limit = most_expanded(bytes.len() as u64, IngestSettings::default().max_expansion);
    let mut plain = Vec::new();
    unpacking(bytes, bytes, limit)?.read_to_end(&mut plain)?;
    Ok(plain)
}

/// Undoes the compression that the first bytes, `magic`, tell of.
pub(super) fn unpacking<'f>(
    magic: &[u8],
    file: impl Read + Send + 'f,
    limit: u64,
) -> io::Result<Box<dyn Read + Send + 'f>> {
    Ok(if magic.starts_with(&[0x1f, 0x8b]) {
        Box::new(Guarded { inner: flate2::read::MultiGzDecoder::new(file), out: 0, limit })
    } else if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(Guarded { inner: zstd::Decoder::new(file)?, out: 0, limit })
    } else {
        Box::new(file)
    })
}
