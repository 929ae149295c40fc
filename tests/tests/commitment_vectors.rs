//! `vectors/stc.json` and `vectors/row-check.json`: what another implementation can recompute from the spec alone.
//!
//! The test fails when a file is out of date; with `CAPSEAL_WRITE_VECTORS` set it writes the file instead.

use std::fs;
use std::path::Path;

use capseal_archive::commit::{RowStore, encode};
use serde_json::{Value, json};
use verifier_core::Digest;
use verifier_core::row_check::{Challenge, RowCheckShape, Sketch, sketch_digest};
use verifier_core::stc::{Arity, MultiOpening, Root, Tree, leaf, verify_many};

#[test]
fn stc_vectors_are_up_to_date() {
    let vectors = json!({
        "spec": "docs/spec/stc.md",
        "roots": roots(),
        "openings": openings(),
    });
    compare_or_write("stc.json", &vectors);
}

#[test]
fn row_check_vectors_are_up_to_date() {
    let archives = [(0, 2, 1), (5, 2, 2), (100, 4, 1), (700, 8, 2)];
    let vectors = json!({
        "spec": "docs/spec/row-check.md",
        "archives": archives.map(|(len, rows, log_blowup)| archive(len, rows, log_blowup)),
    });
    compare_or_write("row-check.json", &vectors);
}

fn compare_or_write(name: &str, vectors: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    let text = serde_json::to_string_pretty(vectors).unwrap() + "\n";
    if std::env::var_os("CAPSEAL_WRITE_VECTORS").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "{} is out of date: run this test with CAPSEAL_WRITE_VECTORS=1", path.display());
}

/// Rows of different lengths, the empty one first, and the root over them.
fn roots() -> Vec<Value> {
    let shapes = [
        (2, vec![0, 1, 2, 3, 4, 5, 8, 13]),
        (3, vec![1, 3, 4, 9, 10]),
        (16, vec![0, 1, 2, 15, 16, 17, 33]),
        (64, vec![1, 64, 65]),
    ];
    let mut roots = Vec::new();
    for (arity, counts) in shapes {
        for count in counts {
            let rows: Vec<Vec<u8>> = (0..count).map(|i| (0..i).map(|j| (i * 16 + j) as u8).collect()).collect();
            let root = tree(arity, rows.iter().map(|row| leaf(row)).collect()).root();
            let rows: Vec<String> = rows.iter().map(|row| hex(row)).collect();
            roots.push(json!({ "arity": arity, "rows": rows, "root": root.digest() }));
        }
    }
    roots
}

/// Openings that hold, and ways to spoil the small ones.
fn openings() -> Vec<Value> {
    let mut openings = Vec::new();
    for (arity, rows, indices) in [
        (2, 1, vec![0]),
        (2, 5, vec![4]),
        (2, 5, vec![1, 2, 4]),
        (2, 16, vec![0, 7, 8, 15]),
        (3, 10, vec![9]),
        (16, 40, vec![3, 18, 39]),
        (64, 70, vec![69]),
    ] {
        let tree = tree(arity, (0..rows).map(|i: u64| leaf(&i.to_le_bytes())).collect());
        let items: Vec<(u64, Digest)> = indices.iter().map(|index| (*index, *tree.leaf(*index).unwrap())).collect();
        let digests = tree.open_many(&indices).unwrap().into_digests();
        let honest = Opening { arity, rows, root: tree.root(), items, digests };
        openings.push(honest.to_json("as built"));
        if arity <= 3 {
            openings.extend(honest.spoilt().iter().map(|(how, opening)| opening.to_json(how)));
        }
    }
    openings
}

#[derive(Clone)]
struct Opening {
    arity: u8,
    rows: u64,
    root: Root,
    items: Vec<(u64, Digest)>,
    digests: Vec<Digest>,
}

impl Opening {
    fn spoilt(&self) -> Vec<(&'static str, Self)> {
        let mut all = Vec::new();
        let mut spoil = |how, change: &dyn Fn(&mut Self)| {
            let mut opening = self.clone();
            change(&mut opening);
            all.push((how, opening));
        };
        spoil("a digest too many", &|o| o.digests.push(Digest::default()));
        spoil("an index twice", &|o| o.items.push(o.items[0]));
        spoil("an index beyond the rows", &|o| o.items[0].0 = o.rows);
        spoil("no index", &|o| o.items.clear());
        spoil("a leaf changed", &|o| o.items[0].1 = Digest::default());
        spoil("a row more", &|o| o.rows += 1);
        spoil("another arity", &|o| o.arity += 1);
        if !self.digests.is_empty() {
            spoil("a digest too few", &|o| o.digests.truncate(o.digests.len() - 1));
            spoil("a digest changed", &|o| o.digests[0] = Digest::default());
        }
        if self.digests.len() > 1 {
            spoil("digests swapped", &|o| o.digests.swap(0, 1));
        }
        if self.items.len() > 1 {
            spoil("leaves swapped", &|o| (o.items[0].1, o.items[1].1) = (o.items[1].1, o.items[0].1));
        }
        all
    }

    fn to_json(&self, case: &str) -> Value {
        let opening = MultiOpening::new(self.digests.clone());
        let arity = Arity::new(self.arity).ok();
        let accepted =
            arity.is_some_and(|arity| verify_many(&self.root, arity, self.rows, &self.items, &opening).is_ok());
        assert_eq!(accepted, case == "as built", "{case}");
        json!({
            "case": case,
            "accepted": accepted,
            "arity": self.arity,
            "rows": self.rows,
            "root": self.root.digest(),
            "items": self.items.iter().map(|(index, leaf)| json!([index, leaf])).collect::<Vec<_>>(),
            "opening": self.digests,
        })
    }
}

fn archive(len: usize, rows: u32, log_blowup: u8) -> Value {
    let content: Vec<u8> = (0..len).map(|i| (i * 7 + i * i / 3) as u8).collect();
    let shape = RowCheckShape::new(len as u64, rows, log_blowup).unwrap();
    let mut store = RowStore::new(tempfile::tempfile().unwrap(), &shape);
    let encoding = encode(std::io::Cursor::new(&content), shape, Some(&mut store)).unwrap();
    let challenge = Challenge::draw(&encoding.header);
    let columns = u64::from(shape.columns());
    let unit = |column| (0..columns).map(move |other| u64::from(other == column));
    let sketch = Sketch::parse(&encoding.header, &encoding.sketch).unwrap().encode();
    let extended: Vec<Vec<u8>> = (0..shape.extended_rows()).map(|index| store.row(index).unwrap()).collect();
    for (index, row) in (0..).zip(&extended) {
        sketch.check_row(index, row, &encoding.tree.open(index).unwrap()).unwrap();
    }
    json!({
        "content": hex(&content),
        "rows": rows,
        "columns": columns,
        "log_blowup": log_blowup,
        "extended_rows": extended.iter().map(|row| hex(row)).collect::<Vec<_>>(),
        "root": encoding.header.root().digest(),
        "header": hex(&encoding.header.to_bytes()),
        "header_digest": encoding.header.digest(),
        "challenge": (0..columns).map(|column| hex(&challenge.sketch(unit(column)))).collect::<Vec<_>>(),
        "sketch": hex(&encoding.sketch),
        "sketch_digest": sketch_digest(&encoding.sketch),
    })
}

fn tree(arity: u8, leaves: Vec<Digest>) -> Tree {
    Tree::build(Arity::new(arity).unwrap(), leaves)
}

fn hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| -> [char; 2] {
        [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default())
    };
    bytes.iter().flat_map(digits).collect()
}
