//! The columns of the trace (spec: `docs/spec/rv32im.md`, "Columns").
//!
//! A row is one micro-op; beside it lies one entry of each table that the trace itself provides. The fetch tuple is the
//! first part of a row: the verifier's decode of the program image provides exactly these fields.

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named as the constants are")]
        enum Place { $($name),* }

        $($(#[$doc])* pub const $name: usize = Place::$name as usize;)*

        /// Names of the columns, in order.
        pub const COLUMNS: [&str; WIDTH] = [$(stringify!($name)),*];
    };
}

/// Columns of the main segment.
pub const WIDTH: usize = 67;

/// Fields of the fetch tuple: the first columns.
pub const FETCH_FIELDS: usize = 24;

/// Columns of the auxiliary segment: one for each batch of four fractions but the last, and the running sum.
pub const AUX_WIDTH: usize = 7;

/// Names of the auxiliary columns.
pub const AUX_COLUMNS: [&str; AUX_WIDTH] = ["C0", "C1", "C2", "C3", "C4", "C5", "S"];

/// Place of the running sum among the auxiliary columns.
pub const SUM: usize = AUX_WIDTH - 1;

columns! {
    /// Address of the micro-op.
    PC
    /// Register of slot A.
    RS1
    /// Register of slot B; 0 in loads.
    RS2
    /// Register of slot C; 0 in stores.
    RD
    /// Constant added to slot B's value.
    IMM
    /// Address offset of loads, stores and JALR; of branches, target less `NEXT`.
    OFF
    /// Address of the micro-op that follows unless a branch is taken; 0 for JALR.
    NEXT
    /// The result is the low limb pair.
    SP
    /// Unsigned or signed comparison.
    SLT
    /// Comparison for equality.
    SEQ
    /// Product.
    SMUL
    /// Shift.
    SSH
    /// Division.
    SDIV
    /// Load.
    SLD
    /// Store.
    SST
    /// The access is a byte.
    SB
    /// The access is half a word.
    SHF
    /// JALR.
    SJR
    /// Coefficient of the second operand in a linear result; its square, of the first.
    SIG
    /// Coefficient of `K` in a linear result.
    WK
    /// Coefficient of the bitwise conjunction in a linear result.
    WZ
    /// Kind of the sign and shift tables.
    KK
    /// Whether RD is RS1.
    S13
    /// Whether RD is the register of slot B.
    S23
    /// Index of the row plus one.
    CLK
    /// Value of slot A.
    V1
    /// Value of slot B: a register, or the loaded word.
    V2
    /// New value of slot C: of a register, or the stored word.
    VD
    /// Old value of slot C.
    DP
    /// Time since slot A's value was written, less one.
    DA
    /// The same for slot B.
    DB
    /// The same for slot C; its value may be of this row.
    DC
    /// Bus address of slot B.
    AB
    /// Bus address of slot C.
    AC
    /// Bytes of the X word, rotated.
    X0
    /// Second byte.
    X1
    /// Third byte.
    X2
    /// Fourth byte.
    X3
    /// Low bytes of the second operand.
    Y0
    /// Second byte.
    Y1
    /// Third byte.
    Y2
    /// Bitwise conjunction of X and Y, byte by byte.
    Z0
    /// Second byte.
    Z1
    /// Third byte.
    Z2
    /// Fourth byte.
    Z3
    /// Sign of X3, where the kind asks for it.
    SA
    /// Byte that the shift table is asked about.
    UI
    /// The shift table's answer: a power of two, or a sign.
    UO
    /// 16-bit limbs.
    P0
    /// Second limb.
    P1
    /// Third limb.
    P2
    /// Fourth limb.
    P3
    /// Carry, borrow, less, equal, or division by zero.
    K
    /// Rotation by one byte; in JALR, the carry.
    R0
    /// Rotation by two bytes; in JALR, the low bit.
    R1
    /// Inverse that shows a number not to be zero.
    INV
    /// Multiplicity of the time `CLK - 1`.
    MCLK
    /// High nibbles of the row's entry in the table of conjunctions.
    XH
    /// High nibble of the second operand.
    YH
    /// High nibble of the result.
    ZH
    /// Multiplicity of the row's conjunction.
    MAND
    /// Multiplicity of the row's 16-bit number.
    MRNG
    /// Memory table: word address.
    MA
    /// Final value of that word.
    MF
    /// When it was last accessed.
    MT
    /// Whether the verifier supplies the word's initial value.
    FI
    /// Whether the word is output.
    FO
}
