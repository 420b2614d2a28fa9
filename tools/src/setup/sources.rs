//! Finds the Debian mirror in the machine's own apt configuration. Pure.
//!
//! Both formats of sources.list(5) are read: one line per entry, and deb822 stanzas.

/// One archive that the machine already uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// Where it is.
    pub(crate) uri: String,
    suites: Vec<String>,
    components: Vec<String>,
    /// Options that its signature check needs, as deb822 fields (`Signed-By`, `Trusted`).
    options: Vec<(String, String)>,
}

impl Source {
    /// An archive that was found by other means, without options.
    pub(crate) fn plain(uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            ..Self::default()
        }
    }

    /// The same archive as a deb822 stanza for another suite.
    pub(crate) fn stanza(&self, suite: &str) -> String {
        let mut text = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n",
            self.uri
        );
        for (field, value) in &self.options {
            text.push_str(&format!("{field}: {value}\n"));
        }
        text
    }

    /// Whether it has a whole distribution (and not only what was added to one).
    fn is_main_archive(&self) -> bool {
        self.components.iter().any(|component| component == "main")
            && self
                .suites
                .iter()
                .any(|suite| !suite.contains('-') && !suite.contains('/'))
    }
}

/// The archive to ask for other suites: the first that has a whole distribution.
pub(crate) fn mirror(sources: &[Source]) -> Option<&Source> {
    sources.iter().find(|source| source.is_main_archive())
}

/// Entries of a file in the one-line format: `deb [options] uri suite component…`.
pub(crate) fn parse_one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line
        .strip_prefix("deb")?
        .strip_prefix([' ', '\t'])?
        .trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source {
        uri: words.next()?,
        suites: vec![words.next()?],
        components: words.collect(),
        options: options
            .split_whitespace()
            .filter_map(one_line_option)
            .collect(),
    })
}

fn one_line_option(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    field_name(name).map(|field| (field.to_owned(), value.to_owned()))
}

/// The deb822 name of an option that decides whether the archive is believed.
fn field_name(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "signed-by" => Some("Signed-By"),
        "trusted" => Some("Trusted"),
        _ => None,
    }
}

/// Entries of a file in the deb822 format: stanzas of `Field: value`, continued by indented lines.
pub(crate) fn parse_deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            sources.extend(stanza_sources(&std::mem::take(&mut fields)));
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    sources
}

fn stanza_sources(fields: &[(String, String)]) -> Vec<Source> {
    let words = |wanted: &str| -> Vec<String> {
        fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .flat_map(|(_, value)| value.split_whitespace().map(str::to_owned))
            .collect()
    };
    let is_off = words("Enabled")
        .iter()
        .any(|word| word.eq_ignore_ascii_case("no"));
    if is_off || !words("Types").iter().any(|word| word == "deb") {
        return Vec::new();
    }
    let options: Vec<(String, String)> = fields
        .iter()
        .filter_map(|(name, value)| Some((field_name(name)?.to_owned(), value.clone())))
        .collect();
    words("URIs")
        .into_iter()
        .map(|uri| Source {
            uri,
            suites: words("Suites"),
            components: words("Components"),
            options: options.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "\
Types: deb
# a comment within
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

    #[test]
    fn the_mirror_is_the_archive_of_a_whole_distribution() {
        let sources = parse_deb822(DEB822);
        assert_eq!(sources.len(), 2);
        assert_eq!(
            mirror(&sources).unwrap().uri,
            "http://mirror.example/debian"
        );
        assert_eq!(mirror(&sources[..1]), None);
    }

    #[test]
    fn a_stanza_for_another_suite_keeps_the_key() {
        let sources = parse_deb822(DEB822);
        let stanza = mirror(&sources).unwrap().stanza("trixie-backports");
        assert!(stanza.contains("URIs: http://mirror.example/debian\nSuites: trixie-backports\n"));
        assert!(stanza.ends_with("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"));
    }

    #[test]
    fn a_key_that_spans_lines_is_kept_whole() {
        let text =
            "Types: deb\nURIs: u\nSuites: sid\nComponents: main\nSigned-By:\n BEGIN\n .\n END\n";
        let stanza = parse_deb822(text)[0].stanza("forky");
        assert!(
            stanza.ends_with("Signed-By: \n BEGIN\n .\n END\n"),
            "{stanza}"
        );
    }

    #[test]
    fn a_stanza_that_is_switched_off_or_has_sources_only_is_no_mirror() {
        let off = "Types: deb\nEnabled: no\nURIs: u\nSuites: sid\nComponents: main\n";
        let source_only = "Types: deb-src\nURIs: u\nSuites: sid\nComponents: main\n";
        assert!(parse_deb822(off).is_empty());
        assert!(parse_deb822(source_only).is_empty());
    }

    #[test]
    fn one_line_entries_are_read_with_and_without_options() {
        let text = "\
# deb http://old.example/debian bookworm main
deb http://security.example bookworm-security main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # near
deb-src http://mirror.example/debian bookworm main
";
        let sources = parse_one_line(text);
        assert_eq!(sources.len(), 2);
        let chosen = mirror(&sources).unwrap();
        assert_eq!(chosen.uri, "http://mirror.example/debian");
        assert!(chosen.stanza("sid").ends_with("Signed-By: /k.gpg\n"));
    }
}
