//! The command-line decoder, run as a program on the vectors.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(not(target_arch = "wasm32"))]

mod support;

use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use support::base64;
use support::tokens::assert_same;

/// Built here, because `cargo test --test decode` alone builds no examples; when all is fresh that costs nothing.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = std::env::current_exe().expect("this test");
    // <target>/<profile>/deps/decode-<hash>
    let profile = test.ancestors().nth(2).expect("the profile's folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--example", "decode", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    cargo.arg("--target-dir").arg(profile.parent().expect("the target folder"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo").success(), "the example does not build");
    profile.join("examples").join(format!("decode{}", std::env::consts::EXE_SUFFIX))
});

struct Output {
    code: Option<i32>,
    lines: Vec<String>,
    errors: String,
}

fn run(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(&*PROGRAM)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the decoder");
    // It may have seen enough before it has read everything.
    _ = child.stdin.take().expect("its stdin").write_all(input);
    let output = child.wait_with_output().expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Output {
        code: output.status.code(),
        lines: text(output.stdout).lines().map(String::from).collect(),
        errors: text(output.stderr),
    }
}

impl Output {
    fn values(&self) -> Vec<Value> {
        self.lines.iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

fn vectors(text: &str, key: Option<&str>) -> Vec<Value> {
    let fixture: Value = serde_json::from_str(text).expect("JSON");
    key.map_or(&fixture, |key| &fixture[key]).as_array().expect("an array").clone()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_default()
}

#[test]
fn events_and_retry_print_every_sse_vector_whole_and_split() {
    let mut wrong = Vec::new();
    for vector in vectors(include_str!("fixtures/sse.json"), None) {
        let input = vector["inputBase64"].as_str().map_or_else(|| text(&vector, "input").into(), base64);
        let mut expected = vector["events"].as_array().expect("events").clone();
        expected.push(json!({"retry": vector["retry"], "lastEventId": vector["lastEventId"]}));
        for split in [&[][..], &["--split", "1"], &["--split", "3"]] {
            let output = run(&[&["--events", "--retry"], split].concat(), &input);
            if output.code != Some(0) || output.values() != expected {
                wrong.push(format!("{} {split:?}: {:?}", text(&vector, "name"), output.lines));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn parts_print_every_wire_vector_as_it_stands() {
    let mut wrong = Vec::new();
    for vector in vectors(include_str!("fixtures/wire.json"), Some("vectors")) {
        // Nothing tells the program that a stream is an input stream.
        if vector["input"] == true {
            continue;
        }
        let args = ["--parts", "--version", text(&vector, "version"), "--split", "61"];
        let output = run(&args, text(&vector, "body").as_bytes());
        let expected: Vec<String> = vector["parts"].as_array().expect("parts").iter().map(part_line).collect();
        let same = std::panic::catch_unwind(|| {
            assert_eq!(output.code, Some(0));
            assert_eq!(output.lines.len(), expected.len());
            for (actual, expected) in output.lines.iter().zip(&expected) {
                assert_same(actual.as_bytes(), expected.as_bytes(), "a line");
            }
            let has_errors = vector["malformed"] != 0 || text(&vector, "body").contains("event: error");
            assert!(!has_errors || !output.errors.is_empty(), "nothing on stderr");
        });
        if same.is_err() {
            wrong.push(text(&vector, "name").to_owned());
        }
    }
    assert!(wrong.is_empty(), "see above: {wrong:#?}");
}

fn part_line(part: &Value) -> String {
    let chunk = part["chunkText"].as_str().map_or_else(|| part["chunk"].to_string(), String::from);
    format!("{{\"id\":{},\"chunk\":{chunk},\"timestamp\":{}}}", part["id"], part["timestamp"])
}

#[test]
fn no_split_changes_a_byte_of_the_output() {
    let body = "\u{feff}retry: 5\r\n\r\nid: 1,2,3\r\nevent: batch\r\ndata: {\"records\":[{\"seq_num\":0,\"timestamp\":1,\
                \"body\":\"{\\\"data\\\":\\\"h\u{e9}llo \u{1f389}\\\"}\"}]}\r\n\r\ndata: [DONE]\r\n\r\n";
    for mode in [&["--events", "--retry"][..], &["--parts", "--version", "v2", "--retry"]] {
        let whole = run(mode, body.as_bytes());
        assert_eq!(whole.code, Some(0));
        assert!(whole.lines.len() >= 2);
        for split in ["1", "2", "5", "64", "100000"] {
            let output = run(&[mode, &["--split", split]].concat(), body.as_bytes());
            assert_eq!(output.lines, whole.lines, "--split {split}");
        }
    }
}

#[test]
fn retry_comes_last_and_only_when_asked_for() {
    let body = b"retry: 250\nid: 9\ndata: 1\n\n";
    assert_eq!(run(&["--events"], body).lines.len(), 1);
    let values = run(&["--retry", "--events"], body).values();
    assert_eq!(values[1], json!({"retry": 250, "lastEventId": "9"}));
    assert_eq!(run(&["--events", "--retry"], b"").values(), [json!({"retry": null, "lastEventId": ""})]);
}

#[test]
fn a_format_error_goes_to_stderr_and_decoding_goes_on() {
    let good = "event: batch\ndata: {\"records\":[{\"seq_num\":0,\"timestamp\":1,\"body\":\"{\\\"data\\\":1}\"}]}\n\n";
    let output = run(&["--parts", "--version", "v2"], format!("event: batch\ndata: nonsense\n\n{good}").as_bytes());
    assert_eq!(output.code, Some(0));
    assert_eq!(output.values(), [json!({"id": "0", "chunk": 1, "timestamp": 1})]);
    assert!(output.errors.contains("nonsense"), "{}", output.errors);
}

#[test]
fn an_event_without_end_is_an_exit_code_of_1() {
    let mut endless = b"data: ok\n\ndata: ".to_vec();
    endless.resize(18 << 20, b'x');
    let output = run(&["--events"], &endless);
    assert_eq!(output.code, Some(1));
    assert_eq!(output.lines.len(), 1);
    assert!(!output.errors.is_empty());
}

#[test]
fn wrong_usage_is_an_exit_code_of_2_and_says_how() {
    for args in [
        &[][..],
        &["--retry"],
        &["--parts"],
        &["--events", "--parts", "--version", "v2"],
        &["--parts", "--version"],
        &["--parts", "--version", "v3"],
        &["--parts", "--version", ""],
        &["--events", "--split"],
        &["--events", "--split", "0"],
        &["--events", "--split", "-1"],
        &["--events", "--split", "x"],
        &["--nonsense"],
        &["--events", "file.sse"],
    ] {
        let output = run(args, b"data: 1\n\n");
        assert_eq!(output.code, Some(2), "{args:?}");
        assert!(output.lines.is_empty(), "{args:?} wrote to stdout");
        assert!(output.errors.contains("usage"), "{args:?}: {}", output.errors);
    }
}
