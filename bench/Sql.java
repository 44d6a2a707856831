/* SPDX-License-Identifier: Apache-2.0 */

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;

/// Asks a database file of a role that is stopped, or a copy of one, without changing it:
/// `java -cp target/coral.jar bench/Sql.java FILE [--times N] STATEMENT…`. A line for each row, tabs between its
/// columns; with `--times`, each statement is asked N times more and a line gives the median of the milliseconds.
final class Sql {
  private Sql() {}

  public static void main(String[] arguments) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("duckdb.read_only", "true");
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + arguments[0], properties);
        Statement statement = connection.createStatement()) {
      boolean isTimed = arguments.length > 2 && arguments[1].equals("--times");
      long[] nanos = new long[isTimed ? Integer.parseInt(arguments[2]) : 0];
      for (int i = isTimed ? 3 : 1; i < arguments.length; i++) {
        if (statement.execute(arguments[i])) {
          print(statement.getResultSet());
        }
        if (isTimed) {
          System.out.println(median(statement, arguments[i], nanos));
        }
      }
    }
  }

  private static double median(Statement statement, String sql, long[] nanos) throws SQLException {
    for (int i = 0; i < nanos.length; i++) {
      long began = System.nanoTime();
      try (ResultSet rows = statement.executeQuery(sql)) {
        while (rows.next()) {
          rows.getString(1);
        }
      }
      nanos[i] = System.nanoTime() - began;
    }
    Arrays.sort(nanos);
    return nanos[nanos.length / 2] / 1e6;
  }

  private static void print(ResultSet rows) throws SQLException {
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      StringBuilder line = new StringBuilder();
      for (int column = 1; column <= columns; column++) {
        line.append(column > 1 ? "\t" : "").append(rows.getString(column));
      }
      System.out.println(line);
    }
  }
}
