package org.dcmigrate.protocol.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.dcmigrate.protocol.trace.Tables;
import org.dcmigrate.protocol.trace.TraceCheck;
import org.dcmigrate.protocol.trace.TraceCheck.Given;
import org.junit.jupiter.api.Test;

/**
 * The traces of simulated migrations keep all rules of traces: so nothing that the machines do in
 * them lacks in the transition tables.
 */
class SimulatedTraceTest {
  private static final long SCHEDULES = Long.getLong("dcm.sim.traces", 5_000);

  @Test
  void simulatedTracesAreSound() {
    Tables tables = Tables.published();
    LongStream.rangeClosed(1, SCHEDULES)
        .parallel()
        .forEach(
            seed -> {
              List<TraceCheck.Located> trace =
                  Schedule.run(Machines.REAL, seed, true).world().trace();
              assertThat(trace).isNotEmpty();
              assertThat(TraceCheck.check(trace, tables, Given.WHOLE)).as("seed " + seed).isEmpty();
              assertThat(TraceCheck.check(cut(trace, seed), tables, Given.PARTS))
                  .as("seed " + seed + ", one trace is cut off")
                  .isEmpty();
            });
  }

  /** One peer's trace without its end. */
  private static List<TraceCheck.Located> cut(List<TraceCheck.Located> trace, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int end = random.nextInt(trace.size());
    String peer = trace.get(end).event().peer();
    return IntStream.range(0, trace.size())
        .filter(at -> at <= end || !trace.get(at).event().peer().equals(peer))
        .mapToObj(trace::get)
        .toList();
  }
}
