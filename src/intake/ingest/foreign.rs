//! Files of other kinds that people pass as logs: archives, packings, workbooks, databases. They are told by their first bytes, so
//! that the error can say what to do.

use super::IngestError;
use std::path::Path;

/// Where a kind of file has which bytes, what it is, and what to do.
const KINDS: [(usize, &[u8], &str, &str); 10] = [
    (
        0,
        b"PK\x03\x04",
        "a ZIP archive or a workbook",
        "unpack the archive with `unzip`, or save the workbook's sheet as CSV",
    ),
    (0, b"\xfd7zXZ\0", "packed by xz", "unpack it with `unxz`"),
    (0, b"BZh", "packed by bzip2", "unpack it with `bunzip2`"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it with `7z x`"),
    (0, b"\x04\x22\x4d\x18", "packed by lz4", "unpack it with `unlz4`"),
    (0, b"\xff\x06\0\0sNaPpY", "packed by snappy", "unpack it with `snzip -d`"),
    (257, b"ustar", "a tar archive", "unpack it with `tar -xf`"),
    (0, b"SQLite format 3\0", "an SQLite database", "export the table of requests as CSV"),
    (0, b"Obj\x01", "an Avro file", "convert it to Parquet or JSON lines"),
    (0, b"ORC", "an ORC file", "convert it to Parquet or JSON lines"),
];

/// How names of such files end; in a folder they are told by that.
const ENDINGS: [&str; 14] =
    ["zip", "xz", "bz2", "7z", "lz4", "tar", "tgz", "tar.gz", "tar.zst", "rar", "xlsx", "sqlite", "avro", "orc"];

/// That a file with this start is of a kind that is known and not read.
pub(super) fn refused(path: &Path, start: &[u8]) -> Result<(), IngestError> {
    let is = |at: usize, magic: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(magic));
    match KINDS.iter().find(|(at, magic, ..)| is(*at, magic)) {
        // A table may begin with these letters; what is packed holds no line of them.
        Some((_, magic, ..))
            if magic.is_ascii() && start.iter().take(64).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) =>
        {
            Ok(())
        }
        Some((_, _, kind, remedy)) => Err(IngestError::Foreign { path: path.to_owned(), kind, remedy }),
        None => Ok(()),
    }
}

/// Whether a file is named like one that holds something to read, once it is unpacked or converted.
pub(super) fn is_named_foreign(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ENDINGS.iter().any(|ending| name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_named_with_what_to_do_and_letters_of_a_table_are_none() {
        let said = |start: &[u8]| refused(Path::new("x"), start).err().map(|e| e.to_string());
        let zip = said(b"PK\x03\x04\x14\0").unwrap();
        assert!(zip.starts_with("x is a ZIP archive or a workbook, which is not read\nhint: unpack"), "{zip}");
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(said(&tar).unwrap().contains("a tar archive"));
        assert!(said(b"BZh91AY&SY\x8d\x01").unwrap().contains("bunzip2"));
        let table = b"ORC,account_id,prompt,model,timestamp\n1,a,hello,m,2026-01-01T00:00:00Z\n";
        assert_eq!(
            (said(table), said(b"BZhours,account_id,timestamp,prompt,model,status,client_ip,user_agent\n")),
            (None, None)
        );
    }

    #[test]
    fn a_packed_log_in_a_folder_is_no_file_that_merely_has_another_name() {
        assert!(is_named_foreign(Path::new("logs/May.ZIP")) && is_named_foreign(Path::new("a.jsonl.xz")));
        assert!(!is_named_foreign(Path::new("notes.txt")) && !is_named_foreign(Path::new("zip")));
    }
}
