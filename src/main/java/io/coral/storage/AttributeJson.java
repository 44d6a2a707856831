package io.coral.storage;

import com.google.gson.JsonParser;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.Repetition;
import io.coral.model.Texts;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Reads the JSON objects that [AttributeColumns] writes into the attributes of a batch.
final class AttributeJson {
  private static final int WATCHED = 1024;

  private final ColumnBatch.Builder batch;
  private final Repetition repetition = new Repetition(WATCHED);

  AttributeJson(ColumnBatch.Builder batch) {
    this.batch = batch;
  }

  /// Adds the attributes of a row.
  void add(String json) {
    Texts texts = batch.dictionary();
    try (JsonReader reader = new JsonReader(new StringReader(json))) {
      reader.beginObject();
      while (reader.hasNext()) {
        int key = texts.idOf(reader.nextName());
        JsonToken token = reader.peek();
        if (token == JsonToken.STRING) {
          text(key, reader.nextString());
        } else if (token == JsonToken.NUMBER) {
          number(key, reader.nextString());
        } else {
          batch.attribute(
              key, AttributeLists.JSON, texts.idOf(JsonParser.parseReader(reader).toString()));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    batch.endAttributes();
  }

  private void text(int key, String value) {
    if (repetition.hardlyRepeats(key)) {
      batch.plainAttribute(key, value.getBytes(StandardCharsets.UTF_8));
      return;
    }
    Texts texts = batch.dictionary();
    int before = texts.size();
    int id = texts.idOf(value);
    repetition.note(key, id == before);
    batch.attribute(key, AttributeLists.TEXT, id);
  }

  private void number(int key, String value) {
    if (value.chars().allMatch(c -> c == '-' || Character.isDigit(c))) {
      try {
        batch.attribute(key, AttributeLists.LONG, Long.parseLong(value));
        return;
      } catch (NumberFormatException e) {
        // Beyond 64 bits: as it is.
      }
    }
    batch.attribute(key, AttributeLists.JSON, batch.dictionary().idOf(value));
  }
}
