package io.coral.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SqlTextTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          POSTGRESQL | select * from t where id = 42 and name = 'O''Brien' | SELECT | select * from t where id = ? and name = ?
          POSTGRESQL | SELECT a1, b2 FROM t3 WHERE x=-1.5e-3 OR y = +2     | SELECT | SELECT a1, b2 FROM t3 WHERE x=? OR y = ?
          POSTGRESQL | insert into t values (1, 'a', true), (2, 'b', null) | INSERT | insert into t values (?)
          POSTGRESQL | insert into t values (1, 'a'), (2, 'b'), (3, 'c')   | INSERT | insert into t values (?)
          POSTGRESQL | select 1 -- 'secret'                                | SELECT | select ?
          POSTGRESQL | select /* a /* b */ 'c' */ x from y;                | SELECT | select x from y
          POSTGRESQL | select 'unterminated secret                         | SELECT | select ?
          POSTGRESQL | select E'it\\'s', $$text$$, $a$b$$c$a$, $1          | SELECT | select ?, ?, ?, $1
          POSTGRESQL | select "column 1" from "t"                          | SELECT | select "column 1" from "t"
          POSTGRESQL | with x as (select 1) delete from t using x          | DELETE | with x as (select ?) delete from t using x
          POSTGRESQL | where id in (1, 2, 3)                               | WHERE  | where id in (?)
          MYSQL      | select "a\\"b", `c d` from t # comment              | SELECT | select ?, `c d` from t
          MYSQL      | select a from t where b = x'ff' and c = _utf8'x'    | SELECT | select a from t where b = ? and c = ?
          SQL_SERVER | select [a b], N'x' from [t] where @p1 = 5           | SELECT | select [a b], ? from [t] where @p1 = ?
          SQL_SERVER | exec sp_who 'me'                                    | EXEC   | exec sp_who ?
          """)
  void literalsAreGone(SqlText.Dialect dialect, String sql, String operation, String text) {
    SqlText read = SqlText.of(sql, dialect);
    assertThat(read.text()).isEqualTo(text);
    assertThat(read.operation()).isEqualTo(operation);
  }

  @Property
  void anyText_isRead(@ForAll String sql, @ForAll SqlText.Dialect dialect) {
    SqlText read = SqlText.of(sql, dialect);
    assertThat(read.operation()).isNotEmpty();
    assertThat(read.text().length()).isLessThanOrEqualTo(2_000);
  }

  /// What stands between quotes is nowhere in the text, wherever the statement is cut off.
  @Property
  void secretsAreGone(@ForAll SqlText.Dialect dialect, @ForAll int seed) {
    String sql = "select a from t where b = 'hunter2' and c in ('hunter2', 7) -- hunter2";
    String cut = sql.substring(0, Math.floorMod(seed, sql.length()));
    assertThat(SqlText.of(cut, dialect).text()).doesNotContain("hunter", "7");
  }
}
