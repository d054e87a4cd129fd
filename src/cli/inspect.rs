//! `inspect`: the evidence for one network, or what two accounts share.

use super::names;
use super::output::{Layout, print, terminal};
use super::usage::UsageError;
use clap::Args;
use std::path::PathBuf;
use stillhunt::report::{case, inspect};

/// Arguments of `inspect`.
#[derive(Args)]
pub struct Inspect {
    /// Folder that `analyze` wrote
    case: PathBuf,
    /// A network id (a unique prefix is enough) or two account ids
    #[arg(required = true, num_args = 1..=2, value_name = "NETWORK or ACCOUNT ACCOUNT")]
    names: Vec<String>,
}

/// Runs `inspect`.
pub fn inspect(arguments: &Inspect) -> anyhow::Result<u8> {
    let document = case::read(&arguments.case)?;
    let options = terminal(Layout::default());
    let text = match arguments.names.as_slice() {
        [a, b] => {
            inspect::pair(&document, a, b, options).ok_or_else(|| UsageError(names::no_accounts(&document, [a, b])))
        }
        names => {
            let name = names.first().map_or("", String::as_str);
            inspect::network(&document, names::whole_id(&document, name), options)
                .ok_or_else(|| UsageError(names::no_network(&document, name)))
        }
    }?;
    print(&text)?;
    Ok(0)
}
