package org.dcmigrate.protocol.split;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.pages.PageSet;
import org.junit.jupiter.api.Test;

/** Every page that the destination lacks comes from exactly one, whatever happens on the way. */
final class PageSharesTest {
  private static final PeerId ONE = new PeerId("spiffe://test/peer/one");
  private static final PeerId OTHER = new PeerId("spiffe://test/peer/other");
  private static final Geometry GEOMETRY =
      new Geometry(List.of(new RamBlock("ram", 8192L * 4096), new RamBlock("video", 100L * 4096)));

  private static PageSet set(Extent... extents) {
    PageSet set = new PageSet(GEOMETRY);
    for (Extent extent : extents) {
      set.add(extent);
    }
    return set;
  }

  @Test
  void sharesOutEvenlyAndInLongRunsWhatSeveralHold() {
    PageSet all = set(new Extent(0, 0, 8192));
    Map<PeerId, PageSet> available = new LinkedHashMap<>(Map.of(ONE, all, OTHER, all));
    PageShares shares = new PageShares(GEOMETRY);

    shares.assign(set(new Extent(0, 0, 8192), new Extent(1, 0, 100)), available);

    assertThat(shares.owedPages(ONE)).isEqualTo(4096);
    assertThat(shares.owedPages(OTHER)).isEqualTo(4096);
    assertThat(shares.ownPages()).isEqualTo(100);
    int[] runs = new int[1];
    shares.owed(ONE).forEachExtent(run -> runs[0]++);
    assertThat(runs[0]).isLessThanOrEqualTo(8);
  }

  @Test
  void whatTheSourceEmitsIsSkippedByWhoOwedIt() {
    PageShares shares = new PageShares(GEOMETRY);
    shares.assign(set(new Extent(0, 0, 1000)), Map.of(ONE, set(new Extent(0, 0, 1000))));

    shares.emitted(new Extent(0, 100, 10));
    shares.emitted(new Extent(0, 110, 10));
    shares.emitted(new Extent(0, 100, 10));

    assertThat(shares.takeSkips(ONE, 10)).containsExactly(new Extent(0, 100, 20));
    assertThat(shares.takeSkips(ONE, 10)).isEmpty();
    assertThat(shares.owedPages(ONE)).isEqualTo(980);
  }

  @Test
  void takesOverFromTheFarEnd() {
    PageShares shares = new PageShares(GEOMETRY);
    PageSet held = set(new Extent(0, 0, 1000), new Extent(1, 0, 50));
    shares.assign(held, Map.of(ONE, held));

    shares.takeOver(ONE, 60);

    assertThat(shares.takeSkips(ONE, 10))
        .containsExactly(new Extent(1, 0, 50), new Extent(0, 990, 10));
    assertThat(shares.nextOwn(64)).isEqualTo(Optional.of(new Extent(0, 990, 10)));
    assertThat(shares.owedPages(ONE)).isEqualTo(990);
  }

  @Test
  void aWrittenPageIsNobodysUntilItIsEmitted() {
    PageShares shares = new PageShares(GEOMETRY);
    shares.assign(set(new Extent(0, 0, 1000)), Map.of(ONE, set(new Extent(0, 0, 1000))));

    shares.written(new Extent(0, 5, 1));

    assertThat(shares.isOwed(0, 5)).isFalse();
    assertThat(shares.isUnclaimed(0, 5)).isTrue();
    assertThat(shares.takeSkips(ONE, 10)).containsExactly(new Extent(0, 5, 1));
    shares.emitted(new Extent(0, 5, 1));
    assertThat(shares.isUnclaimed(0, 5)).isFalse();
  }

  @Test
  void everyLackingPageHasExactlyOneWhoSendsIt() {
    for (long seed = 0; seed < 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      PageShares shares = new PageShares(GEOMETRY);
      PageSet lacking = randomSet(random);
      shares.assign(
          lacking, new LinkedHashMap<>(Map.of(ONE, randomSet(random), OTHER, randomSet(random))));
      for (int i = 0; i < 20; i++) {
        PeerId peer = random.nextBoolean() ? ONE : OTHER;
        switch (random.nextInt(3)) {
          case 0 -> shares.takeOver(peer, random.nextInt(300));
          case 1 -> shares.written(randomExtent(random));
          default -> {
            Extent emitted = randomExtent(random);
            shares.emitted(emitted);
            lacking.remove(emitted);
          }
        }
        check(shares, lacking, seed);
      }
    }
  }

  private static void check(PageShares shares, PageSet lacking, long seed) {
    PageSet one = shares.owed(ONE);
    PageSet other = shares.owed(OTHER);
    for (int block = 0; block < 2; block++) {
      for (long page = 0; page < GEOMETRY.blocks().get(block).pages(); page++) {
        int senders =
            (one.contains(block, page) ? 1 : 0)
                + (other.contains(block, page) ? 1 : 0)
                + (shares.isOwn(block, page) ? 1 : 0)
                + (shares.isUnclaimed(block, page) ? 1 : 0);
        assertThat(senders)
            .as("seed %d, block %d, page %d", seed, block, page)
            .isEqualTo(lacking.contains(block, page) ? 1 : 0);
      }
    }
  }

  private static PageSet randomSet(SplittableRandom random) {
    PageSet set = new PageSet(GEOMETRY);
    for (int i = 0; i < 30; i++) {
      set.add(randomExtent(random));
    }
    return set;
  }

  private static Extent randomExtent(SplittableRandom random) {
    int block = random.nextInt(8) == 0 ? 1 : 0;
    long pages = GEOMETRY.blocks().get(block).pages();
    long first = random.nextLong(pages);
    return new Extent(block, first, Math.min(pages - first, 1 + random.nextInt(400)));
  }
}
