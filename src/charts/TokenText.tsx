import { tokenGlyphs, type NamedToken } from '../core/lm/glyphs.ts';

interface TokenTextProps {
  token: string;
  /** The text is whole characters; see tokenGlyphs. */
  whole?: boolean;
  /** Break the line after a newline glyph, as in running text. */
  breaks?: boolean;
}

/** A token's glyphs. Text nodes only. */
export function TokenText({ token, whole = false, breaks = false }: TokenTextProps) {
  const glyphs = tokenGlyphs(token, whole);
  if (glyphs.length === 0) return <span className="glyph glyph-control">empty</span>;
  return glyphs.map((g, i) =>
    g.kind === 'text' ? (
      g.text
    ) : (
      <span key={i} className={`glyph glyph-${g.kind}`} title={g.kind === 'partial' ? PARTIAL_TITLE : undefined}>
        {g.text}
        {breaks && g.kind === 'newline' ? <br /> : null}
      </span>
    ),
  );
}

/** A token on its own, away from its text. */
export function TokenSample({ name }: { name: NamedToken }) {
  return (
    <span className="token-sample">
      <TokenText token={name.text} whole={name.of > 1} />
      {name.of > 1 && (
        <small>
          {' '}
          {name.part}/{name.of}
        </small>
      )}
    </span>
  );
}

const PARTIAL_TITLE = 'Part of the bytes of a character: this token is no text by itself.';
