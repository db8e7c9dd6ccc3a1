package org.dcmigrate.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The yardstick: without writes it is max(N/Bn, (1-f)N/Bs, N/(Bs+Bo)). */
class OptimumTest {
  private static final double BYTES = 1000;

  @ParameterizedTest(name = "f={0} Bs={1} Bo={2} Bn={3}: {4} s, {5} bytes by the source")
  @CsvSource({
    // The source's part takes longest, then both uplinks, then the downlink.
    "0.1, 10, 10, 20,   90, 900",
    "0.5, 10, 10, 20,   50, 500",
    "0.9, 10, 10, 20,   50, 500",
    "0.5, 10, 10, 10,  100, 500",
    // What a slow old destination cannot send in time, the source takes over.
    "0.9, 10, 2.5, 20,  80, 800",
    "0.9, 2.5, 10, 12.5, 80, 200",
    "0.5, 2.5, 10, 12.5, 200, 500",
    // Nothing to relay: a plain migration. Everything there already: the relay and the source.
    "0, 10, 10, 20,    100, 1000",
    "1, 10, 10, 20,     50, 500",
  })
  void ofAnIdleGuest(
      double fraction, double source, double old, double destination, double seconds, double sent) {
    Optimum optimum =
        Optimum.afterRedirect(BYTES, fraction, new Links(source, old, destination), Dirtying.NONE);
    assertThat(optimum.seconds()).isCloseTo(seconds, within(1e-6));
    assertThat(optimum.sourceBytes()).isCloseTo(sent, within(1e-6));
  }

  @ParameterizedTest(name = "f={0}: {1} s")
  @CsvSource({
    // max(N/(Bn-D), (1-f)N/(Bs-D), N/(Bs+Bo-D)) with D = 5.
    "0.1, 180",
    "0.5, 100",
    "0.9, 66.6666667",
  })
  void writesTakeTheirPartOfEveryLink(double fraction, double seconds) {
    Links links = new Links(10, 10, 20);
    assertThat(Optimum.afterRedirect(BYTES, fraction, links, Dirtying.rate(5)).seconds())
        .isCloseTo(seconds, within(1e-6));
  }

  @Test
  void aGuestThatWritesFasterThanTheLinkHasNoOptimum() {
    assertThat(Optimum.restart(BYTES, new Links(10, 10, 20), Dirtying.rate(10)).seconds())
        .isInfinite();
  }

  @Test
  void restartIsLimitedByTheNarrowerOfBothLinks() {
    assertThat(Optimum.restart(BYTES, new Links(10, 99, 4), Dirtying.NONE).seconds())
        .isCloseTo(250, within(1e-6));
    assertThat(Optimum.restart(BYTES, new Links(4, 99, 10), Dirtying.rate(2)).seconds())
        .isCloseTo(500, within(1e-6));
  }

  @Test
  void pagesWrittenTwiceAreDirtiedOnce() {
    long pages = 1000;
    SyntheticGuest uniform =
        new SyntheticGuest(pages * SyntheticGuest.PAGE_BYTES, 1000, false, 0, 1);
    SyntheticGuest hot = new SyntheticGuest(pages * SyntheticGuest.PAGE_BYTES, 1000, true, 0, 1);
    double once = Dirtying.of(uniform).bytesWithin(1) / SyntheticGuest.PAGE_BYTES;
    // 1000 writes to 1000 pages leave a page in e alone.
    assertThat(once).isCloseTo(632.1, within(0.1));
    assertThat(Dirtying.of(uniform).bytesWithin(100) / SyntheticGuest.PAGE_BYTES)
        .isCloseTo(1000, within(0.001));
    // 910 of them to 100 pages, 90 to the other 900.
    assertThat(Dirtying.of(hot).bytesWithin(1) / SyntheticGuest.PAGE_BYTES)
        .isCloseTo(99.99 + 85.63, within(0.05));
  }
}
