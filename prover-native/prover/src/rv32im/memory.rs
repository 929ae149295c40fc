//! Registers and memory as the memory bus sees them: each word with the time of its last access.

/// Words of a page.
const PAGE: usize = 1 << 10;

/// Pages of the whole address space.
const PAGES: usize = 1 << 20;

/// A word and when it was last accessed; 0 before the first access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) value: u32,
    pub(super) time: u32,
    /// Whether the verifier supplies the initial value.
    pub(super) public: bool,
    /// Whether it is output.
    pub(super) output: bool,
}

/// Word-addressed memory. Words that were never touched are zero.
pub(super) struct Memory {
    pages: Vec<Option<Box<[Cell; PAGE]>>>,
}

impl Memory {
    pub(super) fn new(initial: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut memory = Self { pages: (0..PAGES).map(|_| None).collect() };
        for (address, value) in initial {
            *memory.cell(address) = Cell { value, public: true, ..Cell::default() };
        }
        memory
    }

    /// The cell of a word address below 2^30.
    pub(super) fn cell(&mut self, address: u32) -> &mut Cell {
        let (page, place) = (address as usize / PAGE, address as usize % PAGE);
        &mut self.pages[page].get_or_insert_with(|| Box::new([Cell::default(); PAGE]))[place]
    }

    /// The value of a word.
    pub(super) fn value(&self, address: u32) -> u32 {
        let page = self.pages[address as usize / PAGE].as_ref();
        page.map_or(0, |page| page[address as usize % PAGE].value)
    }

    /// Words that were touched, are public or are output, by address.
    pub(super) fn cells(&self) -> impl Iterator<Item = (u32, Cell)> + '_ {
        self.pages.iter().enumerate().flat_map(|(page, cells)| {
            let cells = cells.iter().flat_map(|cells| cells.iter()).copied().enumerate();
            let addressed = cells.map(move |(place, cell)| ((page * PAGE + place) as u32, cell));
            addressed.filter(|(_, cell)| cell.public || cell.output || cell.time > 0)
        })
    }
}
