package io.coral.cli;

import java.util.ArrayList;
import java.util.List;

/// A table in the shape of the documentation: cells between ` | `, a line of dashes under the
/// head, and no blanks at the end of a line.
final class TextTable {
  private final List<String> head;
  private final List<Integer> leastWidths;
  private final List<List<String>> rows = new ArrayList<>();

  /// @param leastWidths the least width of each column, in characters
  TextTable(List<String> head, List<Integer> leastWidths) {
    if (head.size() != leastWidths.size()) {
      throw new IllegalArgumentException(
          "leastWidths: " + leastWidths.size() + " (expected: " + head.size() + ")");
    }
    this.head = List.copyOf(head);
    this.leastWidths = List.copyOf(leastWidths);
  }

  static TextTable of(String... head) {
    return new TextTable(List.of(head), List.of(head).stream().map(String::length).toList());
  }

  void add(String... cells) {
    if (cells.length != head.size()) {
      throw new IllegalArgumentException(
          "cells: " + cells.length + " (expected: " + head.size() + ")");
    }
    List<String> row = new ArrayList<>();
    for (String cell : cells) {
      row.add(printable(cell));
    }
    rows.add(row);
  }

  String text() {
    int[] widths = new int[head.size()];
    for (int column = 0; column < widths.length; column++) {
      int width = Math.max(leastWidths.get(column), head.get(column).length());
      for (List<String> row : rows) {
        width = Math.max(width, row.get(column).length());
      }
      widths[column] = width;
    }
    StringBuilder text = new StringBuilder();
    line(text, head, widths);
    for (int column = 0; column < widths.length; column++) {
      boolean edge = column == 0 || column == widths.length - 1;
      text.append(column == 0 ? "" : "|").append("-".repeat(widths[column] + (edge ? 1 : 2)));
    }
    text.append('\n');
    rows.forEach(row -> line(text, row, widths));
    return text.toString();
  }

  /// What comes from the network cannot move the cursor.
  static String printable(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            point ->
                clean.appendCodePoint(
                    Character.isISOControl(point) || Character.getType(point) == Character.FORMAT
                        ? '?'
                        : point));
    return clean.toString();
  }

  private static void line(StringBuilder text, List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      String cell = cells.get(column);
      line.append(column == 0 ? "" : " | ").append(cell);
      if (column < widths.length - 1) {
        line.append(" ".repeat(widths[column] - cell.length()));
      }
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }
}
