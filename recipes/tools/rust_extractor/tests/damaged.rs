//! Patches that nobody wrote: whatever is read, every line that comes out is JSON, the last one sums
//! up, and it does not take long. The damage is the same in each run.

use std::time::{Duration, Instant};

use rust_extractor::extract::Extractor;
use rust_extractor::language::ALL;
use rust_extractor::parse::{Definer, TEXT_MAX};

fn out(patch: &[u8]) -> String {
    let mut out = Vec::new();
    let mut extractor = Extractor::new(&mut out);
    extractor.patch(patch, None, None).unwrap();
    extractor.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn check(patch: &[u8]) {
    let text = out(patch);
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.last().unwrap()["summary"]["files"].is_u64());
    assert_eq!(text, out(patch));
}

/// xorshift64: numbers that look like chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commits");
    let mut names: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.retain(|name| name.extension().is_some_and(|end| end == "patch"));
    names.iter().map(|name| std::fs::read(name).unwrap()).collect()
}

const WORDS: [&[u8]; 16] = [
    b"\n",
    b"\r\n",
    b"@@ -1,3 +1,9999 @@ x\n",
    b"@@ -0,0 +1 @@\n",
    b"diff --git a/a.rs b/b.py\n",
    b"--- a/x\n",
    b"+++ \"b/\\777\"\n",
    b"\\ No newline at end of file\n",
    b"{",
    b"}",
    b"(",
    b"'",
    b"\"",
    b"/*",
    b"\xff\xfe",
    b"GIT binary patch\nliteral 3\n",
];

fn damage(seed: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut text = seed.to_vec();
    for _ in 0..=chance.below(8) {
        let at = chance.below(text.len());
        let end = at + chance.below((text.len() - at).min(400));
        match chance.below(5) {
            0 => text[at] = chance.below(256).to_le_bytes()[0],
            1 => drop(text.drain(at..end)),
            2 => {
                let piece = text[at..end].to_vec();
                let to = chance.below(text.len());
                text.splice(to..to, piece);
            }
            3 => drop(text.splice(at..at, WORDS[chance.below(WORDS.len())].iter().copied())),
            _ => text.truncate(text.len() - text.len() / 20),
        }
        if text.is_empty() {
            break;
        }
    }
    text
}

#[test]
fn damaged_patches() {
    let seconds = std::env::var("DAMAGE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let (begun, limit) = (Instant::now(), Duration::from_secs(seconds));
    let mut chance = Chance(0x7469_6d65_6c61_6231);
    let seeds = seeds();
    while begun.elapsed() < limit {
        for seed in &seeds {
            check(&damage(seed, &mut chance));
        }
    }
}

fn file(name: &str, text: &str) -> Vec<u8> {
    let count = text.lines().count();
    let lines = text.lines().fold(String::new(), |all, line| all + "+" + line + "\n");
    format!("diff --git a/{name} b/{name}\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{count} @@\n{lines}")
        .into_bytes()
}

/// Seconds that this thread has had a processor, whatever else the machine is busy with.
fn busy() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// Deep nesting, long lines and endless beginnings, in each language: none takes much longer than the last
/// resort of the parser. Without the guards some take minutes.
#[test]
fn hostile_texts() {
    let texts = ["(".repeat(300_000), "{".repeat(300_000), "a+".repeat(150_000), "def f():\n".repeat(4_000)];
    for end in ["c", "cpp", "rs", "py", "lua", "js", "ts", "go", "java", "sh"] {
        for text in &texts {
            let begun = busy();
            out(&file(&format!("x.{end}"), text));
            let took = busy() - begun;
            assert!(took < 9.0, "{end}, {}…: {took} s", &text[..4]);
        }
    }
}

/// Patches and folders are measured before; what stands around a piece counts as well.
#[test]
fn no_text_over_the_limit_is_parsed() {
    let mut definer = Definer::default();
    let text = vec![b'\n'; TEXT_MAX + 1];
    assert!(definer.definitions(ALL[0], &text[1..]).is_ok());
    assert_eq!(definer.definitions(ALL[0], &text), Err("larger than 1 MiB"));
}
