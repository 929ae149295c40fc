//! Where the cycles go: by function, and by the calls that lead to it.
//!
//! Calls are those that the calling convention makes: a jump that links in ra or t0 calls, a jump through one of them
//! returns. A jump into another function is a tail call. What a compiler has inlined belongs to its caller.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{self, Write},
};

use verifier_core::rv32im::{Instruction, WORD_BYTES};

use super::{machine::Observer, symbols::Symbols};

/// Follows the calls of a run.
#[derive(Debug)]
pub struct Profiler<'a> {
    symbols: &'a Symbols,
    contexts: Vec<Context>,
    by_call: HashMap<(usize, u32), usize>,
    stack: Vec<Frame>,
    current: Frame,
}

/// A function, as called by the functions above it.
#[derive(Clone, Copy, Debug)]
struct Context {
    parent: Option<usize>,
    depth: usize,
    /// Where the function starts, or an address without a function.
    start: u32,
    cycles: u64,
    calls: u64,
}

/// A call that has not returned.
#[derive(Clone, Copy, Debug)]
struct Frame {
    context: usize,
    returns_to: u32,
    /// First and last address of the function, by which a jump out of it is seen.
    function: (u32, u32),
}

/// Calls deeper than this are counted for the function at this depth: recursion would make the graph as tall as it is deep.
const DEEPEST: usize = 256;
/// Contexts at most; beyond them cycles count for the caller.
const MOST_CONTEXTS: usize = 1 << 16;

impl<'a> Profiler<'a> {
    /// A profiler of a program that starts at `entry`.
    pub fn new(symbols: &'a Symbols, entry: u32) -> Self {
        let (first, last) = range_at(symbols, entry);
        let root = Context { parent: None, depth: 0, start: first, cycles: 0, calls: 1 };
        let current = Frame { context: 0, returns_to: 0, function: (first, last) };
        Self { symbols, contexts: vec![root], by_call: HashMap::new(), stack: Vec::new(), current }
    }

    /// What was seen.
    pub fn finish(self) -> Profile {
        let name = |start| self.symbols.place(start).unwrap_or_else(|| format!("{start:#010x}"));
        let mut functions: BTreeMap<u32, FunctionCycles> = BTreeMap::new();
        let mut stacks = Vec::new();
        for context in self.contexts.iter().filter(|context| context.cycles > 0 || context.calls > 0) {
            let path = self.path_to(context);
            for start in path.iter().collect::<BTreeSet<_>>() {
                functions.entry(*start).or_insert_with(|| FunctionCycles::new(name(*start))).total += context.cycles;
            }
            if let Some(function) = functions.get_mut(&context.start) {
                function.own += context.cycles;
                function.calls += context.calls;
            }
            // The format's own separators.
            let frame = |start: &u32| name(*start).replace(';', ",");
            let frames: Vec<String> = path.iter().rev().map(frame).collect();
            if context.cycles > 0 {
                stacks.push(format!("{} {}", frames.join(";"), context.cycles));
            }
        }
        let mut functions: Vec<_> = functions.into_values().collect();
        functions.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
        Profile { functions, stacks }
    }

    /// The functions from a context up to the entry.
    fn path_to(&self, context: &Context) -> Vec<u32> {
        std::iter::successors(Some(context), |context| context.parent.map(|parent| &self.contexts[parent]))
            .map(|context| context.start)
            .collect()
    }

    fn call(&mut self, target: u32, returns_to: u32) {
        self.stack.push(self.current);
        let function = range_at(self.symbols, target);
        let context = self.context_below(self.current.context, function.0);
        self.contexts[context].calls += 1;
        self.current = Frame { context, returns_to, function };
    }

    /// Ends the call that returns to `target`, and those it has made. False when there is none: then it is a jump.
    fn come_back(&mut self, target: u32) -> bool {
        let mut returning = self.current;
        let mut open = self.stack.len();
        while returning.returns_to != target {
            match open.checked_sub(1) {
                Some(next) => (returning, open) = (self.stack[next], next),
                None => return false,
            }
        }
        let Some(caller) = open.checked_sub(1) else { return false };
        self.current = self.stack[caller];
        self.stack.truncate(caller);
        true
    }

    /// Goes on in another function that returns to the same caller.
    fn tail_call(&mut self, target: u32) {
        let function = range_at(self.symbols, target);
        let caller = self.stack.last().map_or(0, |frame| frame.context);
        let context = self.context_below(caller, function.0);
        self.contexts[context].calls += 1;
        self.current = Frame { context, function, ..self.current };
    }

    fn context_below(&mut self, parent: usize, start: u32) -> usize {
        let depth = self.contexts[parent].depth + 1;
        if let Some(&known) = self.by_call.get(&(parent, start)) {
            return known;
        }
        if depth > DEEPEST || self.contexts.len() >= MOST_CONTEXTS {
            return parent;
        }
        self.contexts.push(Context { parent: Some(parent), depth, start, cycles: 0, calls: 0 });
        let context = self.contexts.len() - 1;
        self.by_call.insert((parent, start), context);
        context
    }
}

/// First and last address of the function at an address; outside all functions, the address alone.
fn range_at(symbols: &Symbols, address: u32) -> (u32, u32) {
    symbols.function_at(address).map_or((address, address), |function| (function.start, function.end - 1))
}

impl Observer for Profiler<'_> {
    fn executed(&mut self, pc: u32, instruction: Instruction, next: u32) {
        self.contexts[self.current.context].cycles += 1;
        let links = |register| matches!(register, 1 | 5);
        match instruction {
            Instruction::Jal { rd, .. } if links(rd) => return self.call(next, pc.wrapping_add(WORD_BYTES)),
            Instruction::Jalr { rd, .. } if links(rd) => return self.call(next, pc.wrapping_add(WORD_BYTES)),
            Instruction::Jalr { rd: 0, rs1, .. } if links(rs1) && self.come_back(next) => return,
            _ => {}
        }
        let (first, last) = self.current.function;
        if !(first..=last).contains(&next) {
            self.tail_call(next);
        }
    }
}

/// Where the cycles of a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The functions, that with the most cycles of its own first.
    pub functions: Vec<FunctionCycles>,
    stacks: Vec<String>,
}

/// The cycles of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCycles {
    /// Its name, or its address.
    pub name: String,
    /// Cycles in its own instructions.
    pub own: u64,
    /// Cycles from its calls to its returns.
    pub total: u64,
    /// How often it was entered.
    pub calls: u64,
}

impl FunctionCycles {
    const fn new(name: String) -> Self {
        Self { name, own: 0, total: 0, calls: 0 }
    }
}

impl Profile {
    /// Cycles of the run.
    pub fn cycles(&self) -> u64 {
        self.functions.iter().map(|function| function.own).sum()
    }

    /// Draws the profile as SVG: width is cycles, height is depth of calls.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flame_graph(&self, title: &str, writer: impl Write) -> io::Result<()> {
        let mut options = inferno::flamegraph::Options::default();
        options.title = title.to_owned();
        options.count_name = "cycles".to_owned();
        options.deterministic = true;
        inferno::flamegraph::from_lines(&mut options, self.stacks.iter().map(String::as_str), writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assembler::{Assembler, register::*},
        machine::execute_observed,
        symbols::RawSymbol,
    };
    use verifier_core::rv32im::{Arithmetic, Condition};

    /// `main` calls `leaf` twice and `middle` once, which ends with a jump to `leaf`; then it recurses.
    fn profile() -> Profile {
        let mut program = Assembler::default();
        let [main, middle, leaf, recurse, base_case] = [(); 5].map(|()| program.label());
        let mut symbols = Vec::new();
        let mut function = |program: &Assembler, name: &'static [u8]| {
            symbols.push(RawSymbol { address: program.here(), size: 0, is_function: true, name });
        };
        function(&program, b"start");
        program.place(main).jump(RA, leaf).jump(RA, leaf).jump(RA, middle);
        program.immediate(Arithmetic::Add, A0, ZERO, 1000).jump(RA, recurse).exit_with(ZERO);
        function(&program, b"middle");
        program.place(middle).immediate(Arithmetic::Add, A1, A1, 1).jump(ZERO, leaf);
        function(&program, b"leaf;1");
        program.place(leaf).immediate(Arithmetic::Add, A1, A1, 1);
        program.push(Instruction::Jalr { rd: ZERO, rs1: RA, offset: 0 });
        function(&program, b"recurse");
        // The stack of return addresses lies below address 0x8000.
        program.place(recurse).set(SP, 0x8000).place(base_case);
        let done = program.label();
        program.branch(Condition::Eq, A0, ZERO, done).immediate(Arithmetic::Add, A0, A0, -1);
        program.immediate(Arithmetic::Add, SP, SP, -4);
        program.store(verifier_core::rv32im::Access::Word, RA, SP, 0).jump(RA, base_case);
        program.load(verifier_core::rv32im::Access::Word, false, RA, SP, 0).immediate(Arithmetic::Add, SP, SP, 4);
        program.place(done).push(Instruction::Jalr { rd: ZERO, rs1: RA, offset: 0 });
        let symbols = Symbols::new(symbols, program.here());
        let image = program.image().expect("an image");
        let mut profiler = Profiler::new(&symbols, image.entry());
        let done = execute_observed(&image, b"", 1 << 20, &mut profiler).expect("a run");
        let profile = profiler.finish();
        assert_eq!(profile.cycles(), done.cycles);
        profile
    }

    #[test]
    fn cycles_belong_to_functions_and_calls() {
        let profile = profile();
        let of = |name: &str| {
            let function = profile.functions.iter().find(|function| function.name == name).expect(name);
            (function.own, function.total, function.calls)
        };
        assert_eq!(of("leaf;1"), (6, 6, 3));
        assert_eq!(of("middle"), (2, 2, 1));
        // Two for the stack pointer, two for the innermost call, eight for each of the others.
        assert_eq!(of("recurse"), (2 + 2 + 8 * 1000, 2 + 2 + 8 * 1000, 1001));
        let (own, total, calls) = of("start");
        assert_eq!((own, total, calls), (8, profile.cycles(), 1));
        assert!(profile.stacks.contains(&"start;leaf,1 6".to_owned()), "{:?}", profile.stacks);
        assert_eq!(profile.stacks.len(), 3 + DEEPEST);
    }

    #[test]
    fn a_flame_graph_is_svg_with_the_names() {
        let mut svg = Vec::new();
        profile().flame_graph("a program", &mut svg).expect("an SVG");
        let svg = String::from_utf8(svg).expect("text");
        assert!(svg.starts_with("<?xml") && svg.contains("<svg") && svg.contains("middle (2 cycles"));
    }
}
