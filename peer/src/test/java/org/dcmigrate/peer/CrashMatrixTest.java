package org.dcmigrate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Crash points of every sort; {@code dev/crash-matrix} runs them all. */
class CrashMatrixTest {
  static List<CrashPoint> points() {
    return CrashPoint.representative();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("points")
  void endsWithOneOwnerInTime(CrashPoint point) throws Exception {
    assertThat(CrashRun.of(point).owner()).isIn(point.owners());
  }
}
