package org.dcmigrate.protocol.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.split.SplitSimulation.Links;
import org.dcmigrate.protocol.split.SplitSimulation.Pattern;
import org.dcmigrate.protocol.split.SplitSimulation.Result;
import org.dcmigrate.protocol.split.SplitSimulation.Trouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The policy against the formulas, in virtual time: over part held, links, and what the guest
 * writes, the time after a redirect is near the optimum and never above that of beginning anew.
 */
final class SplitPolicyTest {
  private static final double B = 125e6;
  private static final int PAGES = 1 << 17;
  private static final double BYTES = PAGES * (double) Geometry.PAGE_BYTES;
  private static final double ROUND_TRIP = 0.002;
  private static final List<Double> FRACTIONS = List.of(.1, .3, .5, .7, .9);

  /** One cell of the grid. */
  record Cell(String name, Links links, Pattern pattern) {
    double writes() {
      return .4 * links.source() / Geometry.PAGE_BYTES;
    }

    SplitSimulation simulation(long seed) {
      return new SplitSimulation(links, PAGES, pattern, writes(), ROUND_TRIP, List.of(), seed);
    }

    /** The least time, see the notes on the optimum in SPEC.md. */
    double optimum(double validFraction) {
      // Of a hot set, what is written again and again counts once.
      double written =
          switch (pattern) {
            case IDLE -> 0;
            case UNIFORM -> writes() * Geometry.PAGE_BYTES;
            case HOT -> .1 * writes() * Geometry.PAGE_BYTES;
          };
      double least = BYTES / (links.down() - written);
      int count = links.old().size();
      // What only the source and some of the old ones have, these must send.
      for (int some = 0; some < 1 << count; some++) {
        double bytes = (1 - validFraction) * BYTES;
        double bandwidth = links.source() - written;
        for (int old = 0; old < count; old++) {
          if ((some >> old & 1) == 1) {
            bytes += validFraction / count * BYTES;
            bandwidth += links.old().get(old);
          }
        }
        least = Math.max(least, bytes / bandwidth);
      }
      return least;
    }

    @Override
    public String toString() {
      return name + ", " + pattern;
    }
  }

  static Stream<Cell> cells() {
    List<Cell> cells = new ArrayList<>();
    for (Pattern pattern : Pattern.values()) {
      cells.add(new Cell("downlink 2x", new Links(B, List.of(B), 2 * B), pattern));
      cells.add(new Cell("downlink 1.5x", new Links(B, List.of(B), 1.5 * B), pattern));
      cells.add(new Cell("downlink 1x", new Links(B, List.of(B), B), pattern));
      cells.add(new Cell("slow old link", new Links(B, List.of(B / 4), 2 * B), pattern));
      cells.add(new Cell("congested source", new Links(B / 4, List.of(B), 1.25 * B), pattern));
      cells.add(new Cell("two old ones", new Links(B, List.of(B / 2, B), 3 * B), pattern));
    }
    return cells.stream();
  }

  @ParameterizedTest
  @MethodSource("cells")
  void isNearTheOptimumAndNeverWorseThanBeginningAnew(Cell cell) {
    for (double fraction : FRACTIONS) {
      Result redirected = cell.simulation(1).redirect(fraction);
      Result anew = cell.simulation(1).restart();
      double optimum = cell.optimum(redirected.validFraction());
      assertThat(redirected.seconds() / optimum)
          .as("time to the optimum of %.2f s, redirected at %s", optimum, fraction)
          .isLessThan(cell.pattern() == Pattern.IDLE ? 1.07 : 1.20);
      assertThat(redirected.seconds() / anew.seconds())
          .as("time to that of beginning anew, %.2f s", anew.seconds())
          .isLessThan(1.035);
      assertThat(redirected.duplicateBytes() / BYTES).isLessThan(.02);
    }
  }

  @Test
  void medianOverTheGridIsTheOptimum() {
    List<Double> ratios = new ArrayList<>();
    cells()
        .forEach(
            cell ->
                FRACTIONS.forEach(
                    fraction -> {
                      Result redirected = cell.simulation(2).redirect(fraction);
                      ratios.add(redirected.seconds() / cell.optimum(redirected.validFraction()));
                    }));
    ratios.sort(Double::compare);
    assertThat(ratios.get(ratios.size() / 2)).isLessThan(1.05);
  }

  @Test
  void leavesAllToTheContributorWhereTheDownlinkIsFull() {
    Cell full = new Cell("downlink 1x", new Links(B, List.of(B), B), Pattern.IDLE);

    Result redirected = full.simulation(1).redirect(.7);

    assertThat(redirected.sourceBytes() / BYTES).isCloseTo(.3, within(.015));
  }

  @Test
  void takesOverFromAContributorThatStandsStillWhileTheSourceSlowsDown() {
    SplitPolicy policy = new SplitPolicy();
    PeerId old = new PeerId("spiffe://test/peer/old");
    Backlog nothing = new Backlog(0, 0);
    long tickNs = 100_000_000;
    long nowNs = tickNs;
    for (int tick = 0; tick < 20; tick++) {
      policy.sourceSent(tick < 5 ? 10 << 20 : 5 << 20, tickNs, true);
      policy.contributor(old, 1024, Geometry.PAGE_BYTES, nowNs);
      nowNs += tickNs;
    }
    assertThat(policy.next(nothing, nowNs))
        .as("it looks")
        .isInstanceOf(SplitPolicy.Step.Rest.class);

    List<SplitPolicy.Step> steps = new ArrayList<>();
    for (int tick = 0; tick < 10; tick++) {
      nowNs += tickNs;
      policy.sourceSent(0, tickNs, false);
      policy.contributor(old, 1024, Geometry.PAGE_BYTES, nowNs);
      steps.add(policy.next(nothing, nowNs));
    }
    assertThat(steps).hasAtLeastOneElementOfType(SplitPolicy.Step.TakeOver.class);
  }

  @Test
  void takesOverFromAContributorThatSlowsDown() {
    Links links = new Links(B, List.of(B), 2 * B);
    double needed = BYTES / (2 * B);
    Trouble slow = new Trouble(.25 * needed, 0, .1);

    Result redirected =
        new SplitSimulation(links, PAGES, Pattern.IDLE, 0, ROUND_TRIP, List.of(slow), 1)
            .redirect(.5);

    // A quarter of the way both, then the source and a tenth.
    double optimum = .25 * needed + (BYTES - .25 * needed * 2 * B) / (1.1 * B);
    assertThat(redirected.seconds() / optimum).isLessThan(1.1);
  }

  @Test
  void takesOverFromAContributorThatSlowsDownOnAFullDownlink() {
    Links links = new Links(B, List.of(B), B);
    double needed = BYTES / B;
    Trouble slow = new Trouble(.5 * needed, 0, .1);

    Result redirected =
        new SplitSimulation(links, PAGES, Pattern.IDLE, 0, ROUND_TRIP, List.of(slow), 1)
            .redirect(.9);

    assertThat(redirected.seconds() / needed).isLessThan(1.15);
  }

  @Test
  void sendsWhatAContributorThatDiesHasNotRelayed() {
    Links links = new Links(B, List.of(B, B), 3 * B);
    double needed = BYTES / (3 * B);
    Trouble dead = new Trouble(.5 * needed, 1, 0);

    Result redirected =
        new SplitSimulation(links, PAGES, Pattern.IDLE, 0, ROUND_TRIP, List.of(dead), 1)
            .redirect(.8);

    double optimum = .5 * needed + (BYTES - .5 * needed * 3 * B) / (2 * B);
    assertThat(redirected.seconds() / optimum).isLessThan(1.2);
    assertThat(redirected.duplicateBytes() / BYTES).isLessThan(.02);
  }

  /** Of a guest that is held back until the relay is done, pages are left that nobody waits for. */
  @Test
  void holdsNobodyBackForASourceThatRests() {
    SplitPolicy policy = new SplitPolicy();
    PeerId old = SplitSimulation.peer(0);
    Backlog backlog = new Backlog(8192, 0);
    long waiting = 20_000;
    long nowNs = 0;
    for (int i = 0; i < 10; i++) {
      nowNs += 100_000_000;
      waiting -= 1000;
      policy.sourceSent(1_000_000, 100_000_000, true);
      policy.contributor(old, waiting, (20_000 - waiting) * Geometry.PAGE_BYTES, nowNs);
    }
    long able = 10_000L * Geometry.PAGE_BYTES;
    assertThat(policy.pace(old, backlog)).isBetween(able / 8 - 1, able / 2);

    policy.contributor(old, 0, 20_000L * Geometry.PAGE_BYTES, nowNs + 100_000_000);
    assertThat(policy.pace(old, backlog)).as("a chunk is under way").isGreaterThan(able / 10);

    policy.sourceSent(0, 100_000_000, false);
    assertThat(policy.pace(old, backlog)).isZero();
  }

  @Test
  void isNearTheOptimumWhenTheSourceCompresses() {
    for (double fraction : List.of(.2, .3, .5, .7)) {
      double optimum = Math.max(BYTES / (3 * B + B), (1 - fraction) * BYTES / (3 * B));
      assertThat(compressing(fraction, Double.POSITIVE_INFINITY) / optimum)
          .as("redirected at %s", fraction)
          .isLessThan(1.1);
    }
  }

  /** It looks as if the downlink had no room for it; that it has shows in one probe. */
  @Test
  void goesOnTakingOverWhenTheSourceCanCompressNoMore() {
    double until = .5 * BYTES / (4 * B);
    double optimum = until + .5 * BYTES / (2 * B);
    double probe = .45;
    assertThat(compressing(.7, until)).isLessThan(1.05 * optimum + probe);
  }

  private static double compressing(double fraction, double until) {
    return new SplitSimulation(
            new Links(B, List.of(B), 2 * B), PAGES, Pattern.IDLE, 0, ROUND_TRIP, List.of(), 1)
        .compressing(1. / 3, until)
        .redirect(fraction)
        .seconds();
  }
}
