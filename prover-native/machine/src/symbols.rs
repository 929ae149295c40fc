//! Names of the functions of a program.

use rustc_demangle::demangle;

/// The functions, by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    functions: Vec<Function>,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Address of its first instruction.
    pub start: u32,
    /// Address behind its last instruction.
    pub end: u32,
    /// Its name, demangled.
    pub name: String,
}

/// What a symbol table says of a function or label.
pub(super) struct RawSymbol<'a> {
    pub(super) address: u32,
    pub(super) size: u32,
    pub(super) is_function: bool,
    pub(super) name: &'a [u8],
}

impl Symbols {
    /// Sorts symbols into functions: of two at one address, one that is marked as a function wins, then the larger. One
    /// without a size reaches to the next, or to `end`.
    pub(super) fn new(mut raw: Vec<RawSymbol<'_>>, end: u32) -> Self {
        raw.sort_by_key(|symbol| (symbol.address, !symbol.is_function, u32::MAX - symbol.size, symbol.name));
        raw.dedup_by_key(|symbol| symbol.address);
        let limits = raw.iter().skip(1).map(|next| next.address).chain([end]);
        let functions = raw.iter().zip(limits).map(|(symbol, limit)| Function {
            start: symbol.address,
            end: match symbol.size {
                0 => limit,
                size => symbol.address.saturating_add(size).min(limit),
            },
            name: readable(symbol.name),
        });
        Self { functions: functions.collect() }
    }

    /// The functions, by address, apart from each other.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The function that an address lies in.
    pub fn function_at(&self, address: u32) -> Option<&Function> {
        let behind = self.functions.partition_point(|function| function.start <= address);
        self.functions[..behind].last().filter(|function| address < function.end)
    }

    /// A name for an address: a function and the distance from its start.
    pub fn place(&self, address: u32) -> Option<String> {
        let function = self.function_at(address)?;
        Some(match address - function.start {
            0 => function.name.clone(),
            offset => format!("{}+{offset:#x}", function.name),
        })
    }
}

/// A name without the compiler's hash. Names come from the file: what a terminal could take for a command is left out, and
/// no name is longer than a line or two.
fn readable(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(&name[..name.len().min(LONGEST_NAME)]);
    let name = format!("{:#}", demangle(&name));
    name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect()
}

const LONGEST_NAME: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Symbols {
        let raw = |address, size, is_function, name| RawSymbol { address, size, is_function, name };
        let raw = vec![
            raw(0x200, 0, false, b"label".as_slice()),
            raw(0x100, 8, true, b"small"),
            raw(0x100, 16, true, b"_ZN4core3fmt5write17h0123456789abcdefE"),
            raw(0x100, 0, false, b"start"),
            raw(0x300, 0x1000, true, b"long\x1b[31m"),
        ];
        Symbols::new(raw, 0x400)
    }

    #[test]
    fn addresses_have_names() {
        let symbols = symbols();
        let place = |address| symbols.place(address);
        assert_eq!(place(0x100).as_deref(), Some("core::fmt::write"));
        assert_eq!(place(0x10c).as_deref(), Some("core::fmt::write+0xc"));
        assert_eq!(place(0x110), None);
        assert_eq!(place(0x2fc).as_deref(), Some("label+0xfc"));
        assert_eq!(place(0x3fc).as_deref(), Some("long[31m+0xfc"));
        assert_eq!(place(0x400), None);
        assert_eq!(place(0), None);
    }
}
