package io.coral.model;

import java.util.regex.Pattern;

/// A pattern for names and paths: `*` is any text, `/` too; `?` one character; `[ab]` and `[!ab]`
/// one of a set, or none of it; `{a,b}` either. A backslash takes the next character as it is.
/// What Beyla reads too, so that one pattern means the same to both.
public final class Glob {
  private static final String SPECIAL = "*?[]{},!\\";

  private final Pattern pattern;

  private Glob(Pattern pattern) {
    this.pattern = pattern;
  }

  /// @throws IllegalArgumentException when a bracket or brace is not closed
  public static Glob of(String text) {
    StringBuilder regex = new StringBuilder();
    int braces = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        case '{' -> {
          braces++;
          regex.append("(?:");
        }
        case '}' -> {
          if (--braces < 0) {
            throw malformed(text);
          }
          regex.append(')');
        }
        case ',' -> regex.append(braces > 0 ? "|" : ",");
        case '[' -> {
          int end = text.indexOf(']', i + 2);
          if (end < 0) {
            throw malformed(text);
          }
          regex.append(set(text.substring(i + 1, end)));
          i = end;
        }
        case '\\' -> {
          if (++i == text.length()) {
            throw malformed(text);
          }
          regex.append(Pattern.quote(text.substring(i, i + 1)));
        }
        default -> regex.append(Pattern.quote(text.substring(i, i + 1)));
      }
    }
    if (braces != 0) {
      throw malformed(text);
    }
    return new Glob(Pattern.compile(regex.toString(), Pattern.DOTALL));
  }

  private static String set(String members) {
    boolean not = members.startsWith("!");
    StringBuilder set = new StringBuilder(not ? "[^" : "[");
    for (int i = not ? 1 : 0; i < members.length(); i++) {
      char c = members.charAt(i);
      set.append(Character.isLetterOrDigit(c) || c == '-' ? "" : "\\").append(c);
    }
    return set.append(']').toString();
  }

  private static IllegalArgumentException malformed(String text) {
    return new IllegalArgumentException(
        "pattern: \"" + text + "\" (expected: each [ with its ], each { with its })");
  }

  /// A pattern that only this text matches.
  public static String literal(String text) {
    StringBuilder literal = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      literal.append(SPECIAL.indexOf(c) < 0 ? "" : "\\").append(c);
    }
    return literal.toString();
  }

  public boolean matches(String text) {
    return pattern.matcher(text).matches();
  }
}
