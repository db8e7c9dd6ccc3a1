package org.dcmigrate.protocol.pages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageTableTest {
  private static final Geometry GEOMETRY =
      new Geometry(List.of(new RamBlock("a", 4096L * 1100), new RamBlock("b", 4096L * 3)));

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void memoryDigestFollowsEveryChange(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] generations = new int[1103];
    long[] digests = new long[1103];
    try (PageTable table = new PageTable(GEOMETRY, PageDigest.Algorithm.CRC64)) {
      for (int step = 0; step < 5000; step++) {
        int index = random.nextInt(generations.length);
        long before = table.memoryDigest();
        generations[index] = random.nextInt(4) == 0 ? 0 : random.nextInt();
        digests[index] = random.nextLong();
        long change = table.set(index, generations[index], digests[index]);
        assertThat(table.memoryDigest()).isEqualTo(before + change);
      }
      long held = 0;
      long[] sums = new long[4];
      for (int index = 0; index < generations.length; index++) {
        if (generations[index] != 0) {
          held++;
          long mixed = PageDigest.mixed(index, digests[index]);
          sums[index >= 1100 ? 3 : index / 512] += mixed;
        }
      }
      assertThat(table.heldPages()).isEqualTo(held);
      assertThat(table.memoryDigest()).isEqualTo(sums[0] + sums[1] + sums[2] + sums[3]);
      assertThat(table.segments(0)).isEqualTo(3);
      assertThat(table.segments(1)).isEqualTo(1);
      assertThat(table.segmentDigest(0, 0)).isEqualTo(sums[0]);
      assertThat(table.segmentDigest(0, 2)).isEqualTo(sums[2]);
      assertThat(table.segmentDigest(1, 0)).isEqualTo(sums[3]);
    }
  }

  @Test
  void inventoryTellsRunsOfOneGeneration() {
    try (PageTable table = new PageTable(GEOMETRY, PageDigest.Algorithm.CRC64)) {
      for (int page = 10; page < 30; page++) {
        table.set(table.index(0, page), page < 20 ? 1 : -1, page);
      }
      table.set(table.index(0, 1099), 1, 5);
      table.set(table.index(1, 0), 1, 5);
      List<GenerationExtent> inventory = new ArrayList<>();
      table.inventory(inventory::add);
      assertThat(inventory)
          .containsExactly(
              new GenerationExtent(new Extent(0, 10, 10), 1),
              new GenerationExtent(new Extent(0, 20, 10), -1),
              new GenerationExtent(new Extent(0, 1099, 1), 1),
              new GenerationExtent(new Extent(1, 0, 1), 1));
    }
  }

  @Test
  void closesTwice() {
    PageTable table = new PageTable(GEOMETRY, PageDigest.Algorithm.SHA256);
    table.close();
    table.close();
    assertThat(table.heldPages()).isZero();
  }
}
