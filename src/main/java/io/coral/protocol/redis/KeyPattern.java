package io.coral.protocol.redis;

/// What keys of one kind have in common: `user:1234:cart` is `user:*:cart`.
///
/// Of the parts between `:`, `/`, `.`, `|`, `#` and braces, those stay that are words; what has a
/// digit, is longer than 24 characters, or has other characters than letters, `_` and `-`, is `*`.
/// A version (`v2`) is a word. A key of one part that is no word is `*`.
final class KeyPattern {
  private static final int LONGEST_WORD = 24;
  private static final int MOST_PARTS = 8;
  private static final String SEPARATORS = ":/.|#{}";

  private KeyPattern() {}

  static String of(String key) {
    StringBuilder pattern = new StringBuilder(key.length());
    int from = 0;
    int parts = 0;
    while (from <= key.length()) {
      int to = from;
      while (to < key.length() && SEPARATORS.indexOf(key.charAt(to)) < 0) {
        to++;
      }
      if (++parts > MOST_PARTS) {
        return pattern.append('*').toString();
      }
      if (to > from) {
        pattern.append(isWord(key, from, to) ? key.substring(from, to) : "*");
      }
      if (to < key.length()) {
        pattern.append(key.charAt(to));
      }
      from = to + 1;
    }
    return pattern.toString();
  }

  private static boolean isWord(String key, int from, int to) {
    if (to - from > LONGEST_WORD) {
      return false;
    }
    boolean isVersion = to - from <= 3 && key.charAt(from) == 'v';
    for (int at = from; at < to; at++) {
      char c = key.charAt(at);
      boolean isLetter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
      boolean isDigit = c >= '0' && c <= '9' && isVersion && at > from;
      if (!isLetter && !isDigit) {
        return false;
      }
    }
    return true;
  }
}
