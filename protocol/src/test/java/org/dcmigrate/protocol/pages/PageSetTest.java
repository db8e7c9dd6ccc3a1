package org.dcmigrate.protocol.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.RamBlock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageSetTest {
  private static final int[] PAGES = {1, 200, 64, 333};
  private static final Geometry GEOMETRY =
      new Geometry(
          List.of(
              new RamBlock("a", 4096L * PAGES[0]),
              new RamBlock("b", 4096L * PAGES[1]),
              new RamBlock("c", 4096L * PAGES[2]),
              new RamBlock("d", 4096L * PAGES[3])));

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void behavesAsASetOfPages(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    PageSet set = new PageSet(GEOMETRY);
    List<BitSet> model = new ArrayList<>();
    for (int pages : PAGES) {
      model.add(new BitSet(pages));
    }
    for (int step = 0; step < 4000; step++) {
      int block = random.nextInt(PAGES.length);
      int first = random.nextInt(PAGES[block]);
      int longest = random.nextBoolean() ? 4 : PAGES[block];
      int count = 1 + random.nextInt(Math.min(longest, PAGES[block] - first));
      Extent extent = new Extent(block, first, count);
      int before = model.get(block).get(first, first + count).cardinality();
      assertThat(set.count(extent)).isEqualTo(before);
      int most = 1 + random.nextInt(100);
      switch (random.nextInt(6)) {
        case 0 -> {
          assertThat(set.add(extent)).isEqualTo(count - before);
          model.get(block).set(first, first + count);
        }
        case 1 -> {
          assertThat(set.remove(extent)).isEqualTo(before);
          model.get(block).clear(first, first + count);
        }
        case 2 ->
            assertThat(set.nextRun(block, first, most)).isEqualTo(next(model, block, first, most));
        case 3 ->
            assertThat(set.previousRun(block, first, most))
                .isEqualTo(previous(model, block, first, most));
        case 4 -> {
          Optional<Extent> run = set.nextRun(0, 0, most);
          assertThat(run).isEqualTo(next(model, 0, 0, most));
          run.ifPresent(found -> take(set, model, found));
        }
        default -> {
          Optional<Extent> run = set.lastRun(most);
          int last = PAGES.length - 1;
          assertThat(run).isEqualTo(previous(model, last, PAGES[last] - 1, most));
          run.ifPresent(found -> take(set, model, found));
        }
      }
      assertThat(set.contains(block, first)).isEqualTo(model.get(block).get(first));
      assertThat(set.count()).isEqualTo(model.stream().mapToInt(BitSet::cardinality).sum());
      assertThat(set.isEmpty()).isEqualTo(model.stream().allMatch(BitSet::isEmpty));
    }
    List<Extent> extents = new ArrayList<>();
    set.forEachExtent(extents::add);
    List<Extent> expected = new ArrayList<>();
    for (Optional<Extent> run = next(model, 0, 0, 1000);
        run.isPresent();
        run = next(model, run.get().block(), end(run.get()), 1000)) {
      expected.add(run.get());
    }
    assertThat(extents).isEqualTo(expected);
  }

  @Test
  void fillsAddsRemovesAndClears() {
    PageSet all = new PageSet(GEOMETRY);
    all.fill();
    assertThat(all.count()).isEqualTo(598);
    PageSet some = new PageSet(GEOMETRY);
    some.add(1, 100, 50);
    all.removeAll(some);
    assertThat(all.count()).isEqualTo(548);
    assertThat(all.nextRun(1, 0, Long.MAX_VALUE)).contains(new Extent(1, 0, 100));
    all.addAll(some);
    assertThat(all.count()).isEqualTo(598);
    all.clear();
    assertThat(all.isEmpty()).isTrue();
    assertThat(all.nextRun(0, 0, 1)).isEmpty();
    assertThat(all.lastRun(1)).isEmpty();
  }

  @Test
  void refusesPagesOutsideTheGeometry() {
    PageSet set = new PageSet(GEOMETRY);
    assertThatThrownBy(() -> set.add(1, 199, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> set.add(4, 0, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> set.add(0, -1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> set.remove(0, 1, Long.MAX_VALUE))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private static void take(PageSet set, List<BitSet> model, Extent run) {
    set.remove(run);
    model.get(run.block()).clear((int) run.firstPage(), end(run));
  }

  private static int end(Extent run) {
    return (int) (run.firstPage() + run.pageCount());
  }

  private static Optional<Extent> next(List<BitSet> model, int block, int page, int most) {
    for (int b = block; b < PAGES.length; b++) {
      int first = model.get(b).nextSetBit(b == block ? page : 0);
      if (first >= 0) {
        int end = model.get(b).nextClearBit(first);
        return Optional.of(new Extent(b, first, Math.min(most, end - first)));
      }
    }
    return Optional.empty();
  }

  private static Optional<Extent> previous(List<BitSet> model, int block, int page, int most) {
    for (int b = block; b >= 0; b--) {
      int last = model.get(b).previousSetBit(b == block ? page : PAGES[b] - 1);
      if (last >= 0) {
        int run = Math.min(most, last - model.get(b).previousClearBit(last));
        return Optional.of(new Extent(b, last - run + 1, run));
      }
    }
    return Optional.empty();
  }
}
