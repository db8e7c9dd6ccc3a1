package org.dcmigrate.protocol.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.junit.jupiter.api.Test;

class GenerationCounterTest {
  private final PageTable table =
      new PageTable(
          new Geometry(List.of(new RamBlock("ram", 4096L * 100))), PageDigest.Algorithm.CRC64);
  private final GenerationCounter counter = new GenerationCounter();

  @Test
  void aFirstPassHasOneGeneration() throws DcmException {
    for (int page = 0; page < 100; page += 10) {
      assertThat(emit(page, 10)).isEqualTo(1);
    }
  }

  @Test
  void everyEmissionOfAPageIsHigherThanItsLast() throws DcmException {
    SplittableRandom random = new SplittableRandom(7);
    for (int step = 0; step < 1000; step++) {
      int first = random.nextInt(100);
      int count = 1 + random.nextInt(100 - first);
      long highest = 0;
      for (int page = first; page < first + count; page++) {
        highest = Math.max(highest, Integer.toUnsignedLong(table.generation(page)));
      }
      int generation = emit(first, count);
      assertThat(Integer.toUnsignedLong(generation)).isGreaterThan(highest);
      assertThat(counter.current()).isEqualTo(generation);
    }
  }

  @Test
  void generationsAreUnsignedAndEnd() throws DcmException {
    table.set(0, Integer.MAX_VALUE, 0);
    assertThat(emit(0, 1)).isEqualTo(Integer.MIN_VALUE);
    table.set(0, -2, 0);
    assertThat(emit(0, 1)).isEqualTo(-1);
    assertThat(emit(1, 1)).isEqualTo(-1);
    assertThatExceptionOfType(DcmException.class)
        .isThrownBy(() -> emit(1, 1))
        .matches(refused -> refused.reason() == Reason.LIMIT_EXCEEDED);
  }

  private int emit(int first, int count) throws DcmException {
    int generation = counter.next(table, 0, first, count);
    for (int page = first; page < first + count; page++) {
      table.set(page, generation, page);
    }
    return generation;
  }

  @Test
  void whatSomebodyMadeUpIsExceededUpToABound() throws Exception {
    Geometry geometry = new Geometry(List.of(new RamBlock("ram", 4096)));
    try (PageTable table = new PageTable(geometry, PageDigest.Algorithm.CRC64)) {
      GenerationCounter counter = new GenerationCounter();
      assertThat(counter.exceed(9)).isTrue();
      assertThat(counter.next(table, 0, 0, 1)).isEqualTo(10);
      assertThat(counter.exceed(3)).isTrue();
      assertThat(counter.next(table, 0, 0, 1)).isEqualTo(10);
      assertThat(counter.exceed(0x7fff_ffff)).isFalse();
      assertThat(counter.exceed(-1)).isFalse();
      assertThat(counter.next(table, 0, 0, 1)).isEqualTo(10);
    }
  }
}
