/** What plugins of Obsidian, or Obsidian's own mathematics, run or load as soon as a note shows it. */

// Known names alone: any other may be a plugin's, which runs what stands in the block, or fetches it.
const LANGUAGES = new Set(
  (
    "ada apache applescript asm assembly awk bash basic bat batch bibtex c c# c++ clojure cmake cmd cobol conf console cpp crystal cs csharp css csv cuda " +
    "cypher d dart diff docker dockerfile dos elixir elm erlang f# fish fortran fsharp git go golang gradle graphql groovy haskell haxe hcl hs ini java " +
    "javascript js json json5 jsonc jsonl julia kotlin kt latex less lisp log lua makefile markdown matlab md nginx nim nix objc objective-c ocaml octave " +
    "pascal patch perl php plain plaintext powershell prolog properties proto protobuf ps1 pseudocode py python py3 r racket rb regex rs ruby rust sas scala " +
    "scheme scss sh shell solidity sql sqlite swift tcl terraform tex text toml ts tsv txt typescript vb vba verilog vhdl vim xml yaml yml zig zsh"
  ).split(" "),
);
/** Of TeX: what brings a style, and with it an address, or an address itself. */
const TEX = /\\+(?=(?:style|bbox|mmlToken|href|url|require|includegraphics)(?![a-zA-Z]))/g;

/** Whether a fenced block with this language is shown as code, and nothing more. */
export function isShownAsCode(language: string): boolean {
  return LANGUAGES.has(language.toLowerCase());
}

/** The text with those commands of TeX as words. All signs in front go: one of several would make another command of the next. */
export function withoutLoadingTex(text: string): string {
  return text.replace(TEX, "");
}

/** Templater runs its commands in new notes, also within code. */
export function withoutTemplates(text: string): string {
  return text.replace(/<%/g, "< %");
}
