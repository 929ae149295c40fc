/** What a content that an obligation of an action log refers to is worth as a proof. */
export interface Evidence {
  /** SHA-256 of the content. */
  content: string;
  /** No receipt; a receipt that is refused, or whose run failed; one whose run is its maker's word; one that proves its run. */
  strength: "unknown" | "refused" | "witnessed" | "proven";
  /** SHA-256 of everything that the receipt names. */
  subjects: string[];
}
