package io.coral.storage;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;

/// Turns the rows of a result into a [ColumnBatch]. The result has the stream's columns by name.
final class BatchReader {
  private BatchReader() {}

  /// Reads on to the end of the result.
  static ColumnBatch read(StreamSchema schema, ResultSet result, int expectedRows)
      throws SQLException {
    ColumnBatch.Builder batch = new ColumnBatch.Builder(schema, expectedRows);
    AttributeJson attributes = new AttributeJson(batch);
    int[] positions = new int[schema.columns().size()];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = result.findColumn(schema.columns().get(i).name());
    }
    while (result.next()) {
      for (int i = 0; i < positions.length; i++) {
        switch (schema.columns().get(i).type()) {
          case LONG -> batch.add(result.getLong(positions[i]));
          case TEXT, PLAIN -> batch.add(result.getString(positions[i]));
          case ATTRIBUTES -> attributes.add(result.getString(positions[i]));
          case COUNTS -> batch.add(counts(result.getArray(positions[i])));
          case UUID -> {
            UUID uuid = result.getObject(positions[i], UUID.class);
            batch.add(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
          }
        }
      }
    }
    return batch.build();
  }

  static int[] counts(Array array) throws SQLException {
    Object[] values = (Object[]) array.getArray();
    int[] counts = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      counts[i] = ((Number) values[i]).intValue();
    }
    return counts;
  }
}
