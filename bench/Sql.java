/* SPDX-License-Identifier: Apache-2.0 */

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/// Asks a database file of a role that is stopped, or a copy of one, without changing it:
/// `java -cp target/coral.jar bench/Sql.java FILE STATEMENT…`. A line for each row, tabs between its columns.
final class Sql {
  private Sql() {}

  public static void main(String[] arguments) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("duckdb.read_only", "true");
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + arguments[0], properties);
        Statement statement = connection.createStatement()) {
      for (int i = 1; i < arguments.length; i++) {
        if (statement.execute(arguments[i])) {
          print(statement.getResultSet());
        }
      }
    }
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
