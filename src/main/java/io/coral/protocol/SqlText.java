package io.coral.protocol;

import java.util.Locale;
import java.util.Set;

/// A statement without what it was made with: literals and their lists are `?`, comments are gone,
/// blanks are single. A literal that does not end takes the rest with it.
///
/// @param operation the first word, of a `WITH` that of its statement, upper case; `?` when there
///     is none
/// @param text at most 2,000 characters
public record SqlText(String operation, String text) {
  private static final int LONGEST = 2_000;
  private static final int LONGEST_OPERATION = 20;
  private static final Set<String> STATEMENTS =
      Set.of("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE");

  /// What differs between databases.
  public enum Dialect {
    POSTGRESQL,
    MYSQL,
    SQL_SERVER
  }

  /// Reads a statement, or its beginning.
  public static SqlText of(String sql, Dialect dialect) {
    return new Reader(sql, dialect).read();
  }

  /// One pass over the text.
  private static final class Reader {
    private final String sql;
    private final Dialect dialect;
    private final StringBuilder out = new StringBuilder();
    private int at;
    private boolean blank;
    private String operation = "";
    private boolean isWith;
    private int depth;

    Reader(String sql, Dialect dialect) {
      this.sql = sql;
      this.dialect = dialect;
    }

    SqlText read() {
      while (at < sql.length() && out.length() < LONGEST) {
        char c = sql.charAt(at);
        if (c <= ' ') {
          at++;
          blank = true;
        } else if (isComment()) {
          comment();
        } else if (c == '\'' || (c == '"' && dialect == Dialect.MYSQL)) {
          quoted(c, dialect == Dialect.MYSQL);
        } else if (c == '"' || c == '`' || (c == '[' && dialect == Dialect.SQL_SERVER)) {
          name(c);
        } else if (c == '$' && dialect == Dialect.POSTGRESQL) {
          dollar();
        } else if (isDigit(c)
            || (c == '.' && at + 1 < sql.length() && isDigit(sql.charAt(at + 1)))) {
          number();
        } else if (isWordStart(c)) {
          word();
        } else {
          symbol(c);
        }
      }
      while (!out.isEmpty()
          && (out.charAt(out.length() - 1) == ';' || out.charAt(out.length() - 1) == ' ')) {
        out.setLength(out.length() - 1);
      }
      return new SqlText(
          operation.isEmpty() ? "?" : operation,
          out.length() > LONGEST ? out.substring(0, LONGEST) : out.toString());
    }

    private static boolean isDigit(char c) {
      return c >= '0' && c <= '9';
    }

    private static boolean isWordStart(char c) {
      return Character.isLetter(c) || c == '_' || c == '@' || c == '#' || c == ':' || c >= 0x80;
    }

    private boolean isComment() {
      char c = sql.charAt(at);
      char next = at + 1 < sql.length() ? sql.charAt(at + 1) : 0;
      if (c == '#' && dialect == Dialect.MYSQL) {
        return true;
      }
      return (c == '-' && next == '-') || (c == '/' && next == '*');
    }

    private void comment() {
      blank = true;
      if (sql.charAt(at) != '/') {
        int end = sql.indexOf('\n', at);
        at = end < 0 ? sql.length() : end + 1;
        return;
      }
      // PostgreSQL's and SQL Server's nest.
      int open = 0;
      while (at < sql.length()) {
        if (sql.startsWith("/*", at) && (open == 0 || dialect != Dialect.MYSQL)) {
          open++;
          at += 2;
        } else if (sql.startsWith("*/", at)) {
          open--;
          at += 2;
          if (open == 0) {
            return;
          }
        } else {
          at++;
        }
      }
    }

    private void quoted(char quote, boolean escapes) {
      at++;
      while (at < sql.length()) {
        char c = sql.charAt(at++);
        if (c == '\\' && escapes) {
          at++;
        } else if (c == quote) {
          if (at < sql.length() && sql.charAt(at) == quote) {
            at++;
          } else {
            literal();
            return;
          }
        }
      }
      at = sql.length();
      literal();
    }

    private void name(char quote) {
      char end = quote == '[' ? ']' : quote;
      int to = sql.indexOf(end, at + 1);
      if (to < 0) {
        // It may be anything.
        at = sql.length();
        literal();
        return;
      }
      put(sql.substring(at, to + 1));
      at = to + 1;
    }

    /// `$1`, or a text between `$tag$`s.
    private void dollar() {
      int to = at + 1;
      while (to < sql.length() && isDigit(sql.charAt(to))) {
        to++;
      }
      if (to > at + 1) {
        put(sql.substring(at, to));
        at = to;
        return;
      }
      while (to < sql.length()
          && (Character.isLetterOrDigit(sql.charAt(to)) || sql.charAt(to) == '_')) {
        to++;
      }
      if (to >= sql.length() || sql.charAt(to) != '$') {
        symbol('$');
        return;
      }
      String tag = sql.substring(at, to + 1);
      int end = sql.indexOf(tag, to + 1);
      at = end < 0 ? sql.length() : end + tag.length();
      literal();
    }

    private void number() {
      while (at < sql.length()) {
        char c = sql.charAt(at);
        boolean isSign =
            (c == '+' || c == '-') && (sql.charAt(at - 1) == 'e' || sql.charAt(at - 1) == 'E');
        if (!Character.isLetterOrDigit(c) && c != '.' && c != '_' && !isSign) {
          break;
        }
        at++;
      }
      literal();
    }

    private void word() {
      int from = at++;
      while (at < sql.length()
          && (Character.isLetterOrDigit(sql.charAt(at))
              || sql.charAt(at) == '_'
              || sql.charAt(at) == '$'
              || sql.charAt(at) == '@'
              || sql.charAt(at) == '#')) {
        at++;
      }
      String word = sql.substring(from, at);
      boolean isPrefix = at < sql.length() && sql.charAt(at) == '\'' && word.length() <= 2;
      if (isPrefix || (word.startsWith("_") && at < sql.length() && sql.charAt(at) == '\'')) {
        // E'…', N'…', X'…', B'…', U&'…', _utf8'…'
        quoted('\'', dialect == Dialect.MYSQL || word.equalsIgnoreCase("e"));
        return;
      }
      String upper = word.toUpperCase(Locale.ROOT);
      if (operation.isEmpty()) {
        operation = upper.length() > LONGEST_OPERATION ? "?" : upper;
        isWith = operation.equals("WITH");
      } else if (isWith && depth == 0 && STATEMENTS.contains(upper)) {
        operation = upper;
        isWith = false;
      }
      if (upper.equals("TRUE") || upper.equals("FALSE") || (upper.equals("NULL") && isInList())) {
        literal();
      } else {
        put(word);
      }
    }

    private boolean isInList() {
      int end = lengthWithoutBlank();
      return end > 0 && (out.charAt(end - 1) == '(' || out.charAt(end - 1) == ',');
    }

    private void symbol(char c) {
      at++;
      if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
      }
      put(Character.toString(c));
    }

    private void put(String token) {
      if (blank && !out.isEmpty()) {
        out.append(' ');
      }
      blank = false;
      out.append(token);
      if (token.equals(")")) {
        foldRows();
      }
    }

    /// A literal; of several with commas between them one is left, and a sign in front goes.
    private void literal() {
      int end = lengthWithoutBlank();
      if (end > 0 && (out.charAt(end - 1) == '-' || out.charAt(end - 1) == '+')) {
        int before = end - 1;
        while (before > 0 && out.charAt(before - 1) == ' ') {
          before--;
        }
        if (before == 0 || "=<>(,+-*/%".indexOf(out.charAt(before - 1)) >= 0) {
          blank |= before < end - 1;
          out.setLength(before);
          end = before;
        }
      }
      if (end > 1 && out.charAt(end - 1) == ',') {
        int before = end - 1;
        while (before > 0 && out.charAt(before - 1) == ' ') {
          before--;
        }
        int list = before > 0 && out.charAt(before - 1) == '?' ? before - 1 : -1;
        if (list > 0 && out.charAt(list - 1) == '(') {
          out.setLength(before);
          blank = false;
          return;
        }
      }
      put("?");
    }

    private int lengthWithoutBlank() {
      int end = out.length();
      while (end > 0 && out.charAt(end - 1) == ' ') {
        end--;
      }
      return end;
    }

    /// `(?), (?)` is `(?)`: rows of an INSERT.
    private void foldRows() {
      String rows = out.substring(Math.max(0, out.length() - 8));
      for (String twice : new String[] {"(?), (?)", "(?),(?)", "(?) ,(?)"}) {
        if (rows.endsWith(twice)) {
          out.setLength(out.length() - twice.length() + 3);
          return;
        }
      }
    }
  }
}
