//! The sources of the workspace, as the rules read them.
//!
//! Owns which files count, which of them are compiled for tests only, and how a rule reports its breaks.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders of what others wrote, as npm and pip install it.
const FOREIGN: [&str; 2] = ["node_modules", ".venv"];

/// A source file.
pub struct Source {
    /// Its path from the top, with `/`.
    pub path: String,
    pub text: String,
    /// Whether it is compiled for tests only.
    pub is_test: bool,
}

impl Source {
    /// Its lines that are compiled for tests only, without comments and the insides of strings.
    pub fn test_code(&self) -> Vec<(usize, String)> {
        let inline = self.text.find("\n#[cfg(test)]\nmod tests {");
        let begin = match self.is_test {
            true => 0,
            false => inline.unwrap_or(self.text.len()),
        };
        let before = self.text[..begin].lines().count();
        let lines = self.text.lines().enumerate().skip(before);
        lines
            .map(|(index, line)| (index + 1, plain(line)))
            .collect()
    }

    /// Its lines before its own tests, without comments and the insides of strings, numbered from 1.
    pub fn code(&self) -> Vec<(usize, String)> {
        let code = self.text.split("\n#[cfg(test)]\nmod ").next();
        let code = code.expect("there is always a first part");
        let plain = |(index, line)| (index + 1, plain(line));
        code.lines().enumerate().map(plain).collect()
    }
}

/// A line without its comment and without what is inside its strings.
pub fn plain(line: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if inside => {
                characters.next();
            }
            '"' => inside = !inside,
            '/' if !inside && characters.peek() == Some(&'/') => break,
            _ if inside => {}
            _ => kept.push(character),
        }
    }
    kept
}

pub fn top() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = package.parent();
    top.expect("a package stands in the workspace").to_owned()
}

pub fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for package in ["api", "core", "entity", "migration", "tests"] {
        collect(&top().join(package), &mut sources);
    }
    assert!(sources.len() > 100, "the sources are found");
    let for_tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let module = source.path.trim_end_matches("/mod.rs");
        let module = module.trim_end_matches(".rs");
        let inside = |test: &String| module == test || module.starts_with(&format!("{test}/"));
        source.is_test |= for_tests.iter().any(inside);
    }
    sources
}

/// The modules in files of their own that a source has for tests only, by path without `.rs`.
pub fn test_modules(source: &Source) -> Vec<String> {
    let (folder, file) = source
        .path
        .rsplit_once('/')
        .expect("sources are in folders");
    let folder = match file {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
    };
    let after = source.text.split("#[cfg(test)]\n").skip(1);
    let lines = after.filter_map(|text| text.lines().next()?.strip_suffix(';'));
    let names = lines.filter_map(|line| Some(line.split_once("mod ")?.1));
    names.map(|name| format!("{folder}/{name}")).collect()
}

pub fn collect(directory: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("a directory is read") {
        let path = entry.expect("an entry is read").path();
        if path.is_dir() {
            if FOREIGN.iter().any(|foreign| path.ends_with(foreign)) {
                continue;
            }
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let inside = path.strip_prefix(top()).expect("it is in the workspace");
            let path = inside.to_string_lossy().replace('\\', "/");
            sources.push(Source {
                is_test: path.starts_with("tests/"),
                path,
                text,
            });
        }
    }
}

/// Fails with every place that breaks the rule.
pub fn check(rule: &str, breaks: impl Fn(&Source) -> Vec<String>) {
    let sources = sources();
    let places = sources.iter().flat_map(|source| {
        let breaks = breaks(source).into_iter();
        breaks.map(|place| format!("\n  {}: {place}", source.path))
    });
    let places: String = places.collect();
    assert!(places.is_empty(), "{rule}:{places}");
}

/// Lines of the code of a source in which one of these words stands.
pub fn lines_with(source: &Source, words: &[&str]) -> Vec<String> {
    let code = source.code();
    let found = code.iter().filter_map(|(number, line)| {
        let word = words.iter().find(|word| line.contains(**word))?;
        Some(format!("line {number} has `{word}`"))
    });
    found.collect()
}

/// Whether what stands before `fn` is what may: nothing, or how visible it is and whether it waits.
pub fn is_qualifier(before: &str) -> bool {
    let known =
        |word: &str| word.starts_with("pub") || ["async", "const", "in", ""].contains(&word);
    before
        .trim()
        .split([' ', '('])
        .all(|word| known(word) || word.ends_with(')'))
}

/// Whether the source stands in that part of the tree.
pub fn is_in(source: &Source, part: &str) -> bool {
    source.path.starts_with(part)
}
