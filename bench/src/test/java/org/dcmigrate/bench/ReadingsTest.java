package org.dcmigrate.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dcmigrate.v1.Migration;
import org.dcmigrate.v1.MigrationState;
import org.dcmigrate.v1.Progress;
import org.junit.jupiter.api.Test;

/** What is read from peers, guests and programs while they run. */
class ReadingsTest {
  private static final long MS = 1_000_000;

  @Test
  void theSteadyRateLeavesOutTheStart() throws BenchException {
    List<GridRig.Sample> samples = new ArrayList<>();
    // Slow until 15 %, then 1000 pages in 100 ms, looked at more often than it is told.
    samples.add(new GridRig.Sample(0, 100, 0.01));
    samples.add(new GridRig.Sample(900 * MS, 1400, 0.14));
    for (int i = 0; i <= 6; i++) {
      samples.add(new GridRig.Sample((1000 + 100L * i) * MS, 2000 + 1000 * i, 0.2 + 0.1 * i));
      samples.add(new GridRig.Sample((1050 + 100L * i) * MS, 2000 + 1000 * i, 0.2 + 0.1 * i));
    }
    assertThat(GridRig.steadyRate(samples)).isCloseTo(10_000 * 4096.0, within(1.0));
  }

  @Test
  void theHeapIsReadWhateverTheCollector() {
    assertThat(
            Memory.heapBytes(
                """
                4242:
                DefNew     total 78656K, used 3000K [0x00000000f0000000, 0x00000000f5550000)
                 eden space 69952K,   4% used [0x00000000f0000000, 0x00000000f02ee000)
                 from space 8704K,   0% used [0x00000000f4450000, 0x00000000f4450000)
                Tenured    total 174784K, used 7K [0x00000000f5550000, 0x0000000100000000)
                 the  space 174784K,   0% used [0x00000000f5550000, 0x00000000f5551c00)
                Metaspace       used 100K, committed 200K, reserved 300K
                """))
        .isEqualTo(3007 * 1024);
    assertThat(
            Memory.heapBytes(
                """
                garbage-first heap   total reserved 262144K, committed 262144K, used 2017K [0x0)
                 region size 1024K, 3 young (3072K), 0 survivors (0K)
                Metaspace       used 100K, committed 200K, reserved 300K
                """))
        .isEqualTo(2017 * 1024);
  }

  @Test
  void aTransferThatWasTooShortHasNoRate() {
    assertThatThrownBy(() -> GridRig.steadyRate(List.of(new GridRig.Sample(0, 10, 0.5))))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("over too soon");
  }

  @Test
  void sharesAreWhatEachGotWhileAllRan() {
    List<ManyCommand.Shares> samples =
        List.of(
            shares(0, 40),
            shares(100, 100),
            shares(300, 200),
            shares(500, 300),
            // The first is all but over: from here on the second has the link for itself.
            shares(995, 400),
            shares(995, 900));
    assertThat(ManyCommand.Shares.whileAllRan(samples)).containsExactlyInAnyOrder(400.0, 200.0);
    assertThat(ManyCommand.Shares.whileAllRan(List.of(shares(0, 5)))).isEmpty();
  }

  private static ManyCommand.Shares shares(long first, long second) {
    return ManyCommand.Shares.of(List.of(running("1", first), running("2", second)));
  }

  private static Migration running(String id, long held) {
    return Migration.newBuilder()
        .setMigrationId(id)
        .setState(MigrationState.MIGRATION_STATE_TRANSFERRING)
        .setProgress(Progress.newBuilder().setHeldPages(held).setTotalPages(1000))
        .build();
  }

  @Test
  void endsCountFromTheFirstStart() {
    assertThat(ManyCommand.endedSeconds(List.of(ended(11, 20), ended(10, 15))))
        .containsExactly(5.5, 10.5);
  }

  private static Migration ended(long startedSeconds, long endedSeconds) {
    return Migration.newBuilder()
        .setStartedAt(Timestamp.newBuilder().setSeconds(startedSeconds))
        .setEndedAt(Timestamp.newBuilder().setSeconds(endedSeconds).setNanos(500_000_000))
        .build();
  }

  @Test
  void onlyATickToldToItsEndCounts() {
    assertThat(QemuVm.lastTick("UP\nREADY\n")).isZero();
    assertThat(QemuVm.lastTick("9\nT 10\nT 11\nS 1 OK\nT 12\nT 1")).isEqualTo(12);
    assertThat(QemuVm.lastTick("9\r\nT 10\r\nT 11\r\n")).isEqualTo(11);
  }

  @Test
  void noMachineHasASizeThatQemuLosesWritesOf() {
    for (long mib : List.of(1, 255, 256, 512, 2048)) {
      QemuVm.Work work = new QemuVm.Work(mib << 20, 64, 0);
      assertThat(work.kib() % 256).isEqualTo(128);
      assertThat(work.kib()).isGreaterThan((mib << 10) + 4 * 64);
    }
  }

  @Test
  void iperfTellsWhatTheReceiverGot() throws BenchException {
    Moved moved =
        Iperf.parse(
            """
            {"end": {
              "sum_sent": {"seconds": 2.0, "bytes": 5000},
              "sum_received": {"seconds": 2.5, "bytes": 4000},
              "cpu_utilization_percent": {"host_total": 30.0, "remote_total": 50.0}}}
            """);
    assertThat(moved).isEqualTo(new Moved(4000, 2.5, 2.0));
    assertThatThrownBy(() -> Iperf.parse("{\"error\": \"refused\"}"))
        .isInstanceOf(BenchException.class);
  }

  @Test
  void virtualMachinesAreComparedByMedians() {
    VmResults results =
        VmResults.of(
            Map.of(
                "one", List.of(run(2, 0.1, 90), run(4, 0.3, 80), run(3, 0.2, 100)),
                "other", List.of(run(4, 0.5, 45), run(8, 0.6, 20), run(9, 0.4, 50))),
            Map.of("other", "one"));
    VmResults.Row other =
        results.rows().stream()
            .filter(row -> row.contender().equals("other"))
            .findFirst()
            .orElseThrow();
    assertThat(other.secondsToReference()).isEqualTo(new Spread(2, 2, 3));
    assertThat(other.downtimeSecondsBeyondReference()).isCloseTo(0.3, within(1e-9));
    assertThat(other.workLeftToReference()).isEqualTo(new Spread(0.5, 0.25, 0.5));
  }

  private static VmRig.Run run(double seconds, double downtimeSeconds, double work) {
    return new VmRig.Run(seconds, downtimeSeconds, VmRig.Parts.UNTOLD, 100, work);
  }
}
