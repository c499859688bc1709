/** What a user did with a message. */
export type Mark = "seen" | "read" | "clicked" | "dismissed";

/** A message of a user's feed. All of its texts are text, in no markup; times are ISO 8601. */
export interface Message {
  readonly id: string;
  /** The name of its file in `rules/messages/`. */
  readonly message: string;
  readonly kind: "card" | "banner" | "modal";
  /** Patterns of paths on which it may show; none is everywhere. */
  readonly pages: readonly string[];
  readonly priority: number;
  readonly title: string;
  readonly body: string;
  /** `href` is https, or a path of the page's own origin. */
  readonly action: { readonly label: string; readonly href: string } | null;
  readonly data: Readonly<Record<string, string>>;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly seen_at: string | null;
  readonly read_at: string | null;
  readonly clicked_at: string | null;
  readonly dismissed_at: string | null;
}

export interface Options {
  /** Where `segmenter web --parts feed` is reached, such as `https://segments.example.com`. */
  src: string;
  /** The user's token, from your backend; asked again when it has expired. Nothing where nobody is signed in. */
  token: string | (() => string | null | undefined | Promise<string | null | undefined>);
}

/** What stands in one user's feed. Dispatches `change` whenever that is other than before. */
export class Feed extends EventTarget {
  constructor(options: Options);
  /** The newest first. */
  readonly messages: readonly Message[];
  /** Of cards that were not dismissed. */
  readonly counts: { readonly unseen: number; readonly unread: number };
  /** Tells once that the user did this. */
  mark(id: string, type: Mark): Promise<void>;
  /** Shows nothing any more, and asks nothing. */
  close(): void;
}

/** Whose messages this page's elements show; the one before is closed. Call it with null when the user leaves. */
export function connect(options: Options): Feed;
export function connect(options: null): null;
