package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.PrintStream;
import java.util.Iterator;
import java.util.Map;

/// Where a command prints. Results go to `out`, progress and errors to `err`.
final class Console {
  private final PrintStream out;
  private final PrintStream err;
  private boolean ascii;

  Console(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  void useAscii(boolean ascii) {
    this.ascii = ascii;
  }

  void line(String text) {
    out.println(shown(text));
    out.flush();
  }

  /// Prints text that ends its own lines.
  void text(String text) {
    out.print(shown(text));
    out.flush();
  }

  void progress(String text) {
    err.println(shown(text));
    err.flush();
  }

  /// Prints one document over several lines.
  void json(JsonElement document) {
    StringBuilder text = new StringBuilder();
    write(document, "\n", text);
    out.println(text);
    out.flush();
  }

  private String shown(String text) {
    if (!ascii) {
      return text;
    }
    String known =
        text.replace("✓", "+")
            .replace("✗", "x")
            .replace("⚠️", "!")
            .replace("⚠", "!")
            .replace("≥", ">=")
            .replace("→", "->")
            .replace("×", "x")
            .replace("├─", "|-")
            .replace("└─", "`-")
            .replace("│", "|")
            .replace("…", "...");
    return known.codePoints().allMatch(point -> point < 128)
        ? known
        : known.replaceAll("[^\\x00-\\x7f]", "?");
  }

  private static void write(JsonElement element, String lineStart, StringBuilder text) {
    String inner = lineStart + "  ";
    switch (element) {
      case JsonObject object when !object.isEmpty() -> {
        text.append('{');
        Iterator<Map.Entry<String, JsonElement>> fields = object.entrySet().iterator();
        while (fields.hasNext()) {
          Map.Entry<String, JsonElement> field = fields.next();
          text.append(inner).append(new JsonPrimitive(field.getKey())).append(": ");
          write(field.getValue(), inner, text);
          text.append(fields.hasNext() ? "," : "");
        }
        text.append(lineStart).append('}');
      }
      case JsonArray array when !array.isEmpty() -> {
        text.append('[');
        for (int i = 0; i < array.size(); i++) {
          text.append(i == 0 ? "" : ",").append(inner);
          write(array.get(i), inner, text);
        }
        text.append(lineStart).append(']');
      }
      default -> text.append(element);
    }
  }
}
