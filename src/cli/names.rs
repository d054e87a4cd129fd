//! Networks and accounts as a person names them on the command line, and what is said when there is none.

use stillhunt::document::Document;
use stillhunt::document::visible::visible;

/// What to do about two names of which one or both are no accounts of the case.
pub fn no_accounts(document: &Document, names: [&str; 2]) -> String {
    let lacks = |name: &&str| !document.accounts.iter().any(|a| a.account_id == *name);
    let absent: Vec<String> = names.into_iter().filter(lacks).map(visible).collect();
    match absent.as_slice() {
        [one] => format!("account {one} not found in this case"),
        _ => format!("accounts {} not found in this case", absent.join(" and ")),
    }
}

/// The network of which a name is the beginning, if of only one.
pub fn whole_id<'a>(document: &'a Document, name: &'a str) -> &'a str {
    let mut meant = document.networks.iter().map(|n| n.id.as_str()).filter(|id| id.starts_with(name));
    match (meant.next(), meant.next()) {
        (Some(id), None) if !document.accounts.iter().any(|a| a.account_id == name) => id,
        _ => name,
    }
}

/// Networks that a message names; the case has all.
const NETWORKS_NAMED: usize = 12;

/// What to do about a name that is no network's.
pub fn no_network(document: &Document, name: &str) -> String {
    let shown = visible(name);
    match document.accounts.iter().find(|a| a.account_id == name) {
        Some(account) if account.network_id.is_empty() => {
            format!("{shown} is an account in no network\nhint: name two accounts to see what they share")
        }
        Some(account) => format!(
            "{shown} is an account, not a network\nhint: it is in {}; inspect that, or name two accounts to see what they \
             share",
            visible(&account.network_id)
        ),
        None if document.networks.is_empty() => format!("no network {shown} in this case; it has no networks"),
        None => {
            let known: Vec<&str> = document.networks.iter().map(|n| n.id.as_str()).collect();
            let more = if known.len() > NETWORKS_NAMED {
                format!(" and {} more", known.len() - NETWORKS_NAMED)
            } else {
                String::new()
            };
            let known = known[..known.len().min(NETWORKS_NAMED)].join(", ");
            format!("no network {shown} in this case\nhint: its networks are {known}{more}")
        }
    }
}
