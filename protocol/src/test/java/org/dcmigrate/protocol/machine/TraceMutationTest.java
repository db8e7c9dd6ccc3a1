package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.dcmigrate.protocol.trace.Tables;
import org.dcmigrate.protocol.trace.TraceCheck;
import org.dcmigrate.protocol.trace.TraceCheck.Given;
import org.dcmigrate.protocol.trace.TraceCheck.Located;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sound traces of simulated migrations, each made unsound in every way: enough of it is found. */
class TraceMutationTest {
  private static final int SCHEDULES = 400;
  private static final Tables TABLES = Tables.published();

  private static List<List<Located>> traces = List.of();

  @BeforeAll
  static void simulate() {
    traces =
        LongStream.rangeClosed(1, SCHEDULES)
            .parallel()
            .mapToObj(seed -> List.copyOf(Schedule.run(Machines.REAL, seed, true).world().trace()))
            .toList();
  }

  @ParameterizedTest
  @EnumSource
  void isFound(TraceMutation mutation) {
    SplittableRandom random = new SplittableRandom(mutation.name().hashCode());
    int tried = 0;
    int found = 0;
    for (List<Located> trace : traces) {
      Optional<List<Located>> broken = mutation.of(trace, random);
      tried += broken.isPresent() ? 1 : 0;
      found +=
          broken.isPresent() && !TraceCheck.check(broken.get(), TABLES, Given.WHOLE).isEmpty()
              ? 1
              : 0;
    }
    assertThat(tried).as("traces with a place for it").isPositive();
    assertThat(100 * found)
        .as("%d of %d found", found, tried)
        .isGreaterThanOrEqualTo(mutation.share() * tried);
  }
}
