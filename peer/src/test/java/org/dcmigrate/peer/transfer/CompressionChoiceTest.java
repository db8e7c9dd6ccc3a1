package org.dcmigrate.peer.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The choice against a path with virtual time: a sender, a buffer, a link, a receiver. */
class CompressionChoiceTest {
  private static final double MIB = 1 << 20;
  private static final double GIB = 1 << 30;
  private static final int CHUNK_BYTES = 256 << 10;

  /** Nanoseconds per byte. */
  private static double at(double bytesPerSecond) {
    return 1e9 / bytesPerSecond;
  }

  /**
   * What compressing does to contents.
   *
   * @param share what is left, 1: it is given up
   */
  private record Data(double compressNsPerByte, double share) {
    static final Data TEXT = new Data(at(0.44 * GIB), 1 / 2.6);
    static final Data SPARSE = new Data(at(2 * GIB), 0.05);
    static final Data RANDOM = new Data(at(7 * GIB), 1);
  }

  /** A path; its buffer drains while the sender works. */
  private static final class Path {
    private final double workNsPerByte;
    private final double bufferBytes;
    private double linkNsPerByte;
    private double queuedBytes;
    private double nowNs;

    Path(double workPerSecond, double linkPerSecond, double bufferBytes) {
      workNsPerByte = at(workPerSecond);
      linkNsPerByte = at(linkPerSecond);
      this.bufferBytes = bufferBytes;
    }

    CompressionChoice.Cost send(Data data, boolean compress) {
      double workNs = CHUNK_BYTES * workNsPerByte;
      double compressNs = compress ? CHUNK_BYTES * data.compressNsPerByte() : 0;
      double wireBytes = compress ? CHUNK_BYTES * data.share() : CHUNK_BYTES;
      pass(workNs + compressNs);
      double waitNs = Math.max(0, (queuedBytes + wireBytes - bufferBytes) * linkNsPerByte);
      pass(waitNs);
      queuedBytes += wireBytes;
      return new CompressionChoice.Cost(
          CHUNK_BYTES, (long) wireBytes, (long) workNs, (long) compressNs, (long) waitNs);
    }

    private void pass(double ns) {
      nowNs += ns;
      queuedBytes = Math.max(0, queuedBytes - ns / linkNsPerByte);
    }

    /** Until all has arrived. */
    double endNs() {
      return nowNs + queuedBytes * linkNsPerByte;
    }
  }

  private static double alwaysNs(Path path, Data data, boolean compress, double bytes) {
    for (double sent = 0; sent < bytes; sent += CHUNK_BYTES) {
      path.send(data, compress);
    }
    return path.endNs();
  }

  /** How much longer it takes than the better of always and never. */
  private static double excess(double link, double buffer, Data data, double seconds) {
    double best =
        Math.max(
            1 / (at(3 * GIB) + at(link)),
            Math.min(1 / (at(3 * GIB) + data.compressNsPerByte()), 1 / (at(link) * data.share())));
    double bytes = Math.ceil(seconds * 1e9 * best / CHUNK_BYTES) * CHUNK_BYTES;
    Path path = new Path(3 * GIB, link, buffer);
    CompressionChoice choice = new CompressionChoice();
    for (double sent = 0; sent < bytes; sent += CHUNK_BYTES) {
      choice.sent(path.send(data, choice.compressNext()));
    }
    double bestNs =
        Math.min(
            alwaysNs(new Path(3 * GIB, link, buffer), data, true, bytes),
            alwaysNs(new Path(3 * GIB, link, buffer), data, false, bytes));
    // What runs into the buffers before the link shows is not compressed.
    return (path.endNs() - buffer * at(link)) / bestNs - 1;
  }

  @Test
  void isNearTheBetterOfOnAndOffOverAllLinksAndContents() {
    StringBuilder all = new StringBuilder();
    double worst = 0;
    for (double link : new double[] {2, 10, 50, 110, 200, 300, 400, 500, 700, 1000, 2000, 5000}) {
      for (double buffer : new double[] {1, 4, 16}) {
        for (Data data :
            new Data[] {
              Data.TEXT,
              Data.SPARSE,
              Data.RANDOM,
              new Data(at(0.3 * GIB), 0.8),
              new Data(at(0.6 * GIB), 0.5)
            }) {
          double excess = excess(link * MIB, buffer * MIB, data, 20);
          all.append(
              "%5.0f MiB/s, buffer %2.0f MiB, %s: %+.3f%n".formatted(link, buffer, data, excess));
          worst = Math.max(worst, excess);
        }
      }
    }
    assertThat(worst).as(all.toString()).isLessThan(0.06);
  }

  @ParameterizedTest
  @CsvSource({"2, 16", "50, 4", "110, 4", "110, 16"})
  void gainsTheRatioWhereTheLinkIsSlow(double link, double buffer) {
    assertThat(excess(link * MIB, buffer * MIB, Data.TEXT, 20)).isLessThan(0.05);
  }

  @ParameterizedTest
  @CsvSource({"1000, 1", "1500, 4", "2500, 4", "10000, 16"})
  void costsAtMostTwoPercentWhereTheLinkIsFast(double link, double buffer) {
    assertThat(excess(link * MIB, buffer * MIB, Data.TEXT, 10)).isLessThan(0.02);
    assertThat(excess(link * MIB, buffer * MIB, Data.RANDOM, 10)).isLessThan(0.02);
  }

  @ParameterizedTest
  @CsvSource({"10", "50", "110", "1000", "3000"})
  void costsAtMostTwoPercentWhereNothingCanBeCompressed(double link) {
    assertThat(excess(link * MIB, 4 * MIB, Data.RANDOM, 20)).isLessThan(0.02);
  }

  /** Sends for so many seconds; gives the share of chunks that were compressed in the last one. */
  private static double run(CompressionChoice choice, Path path, Data data, double seconds) {
    double endNs = path.nowNs + seconds * 1e9;
    int chunks = 0;
    int compressed = 0;
    while (path.nowNs < endNs) {
      boolean compress = choice.compressNext();
      choice.sent(path.send(data, compress));
      if (path.nowNs > endNs - 1e9) {
        chunks++;
        compressed += compress ? 1 : 0;
      }
    }
    return (double) compressed / chunks;
  }

  @Test
  void followsALinkThatBecomesFastAndSlowAgain() {
    Path path = new Path(3 * GIB, 50 * MIB, 4 * MIB);
    CompressionChoice choice = new CompressionChoice();
    assertThat(run(choice, path, Data.TEXT, 3)).isGreaterThan(0.9);
    path.linkNsPerByte = at(2 * GIB);
    assertThat(run(choice, path, Data.TEXT, 10)).isLessThan(0.1);
    path.linkNsPerByte = at(50 * MIB);
    assertThat(run(choice, path, Data.TEXT, 5)).isGreaterThan(0.9);
  }

  @Test
  void followsContentsThatChange() {
    Path path = new Path(3 * GIB, 110 * MIB, 4 * MIB);
    CompressionChoice choice = new CompressionChoice();
    assertThat(run(choice, path, Data.RANDOM, 3)).isLessThan(0.1);
    assertThat(run(choice, path, Data.TEXT, 3)).isGreaterThan(0.9);
    assertThat(run(choice, path, Data.RANDOM, 10)).isLessThan(0.1);
    assertThat(run(choice, path, Data.TEXT, 3)).isGreaterThan(0.9);
  }

  /** A promise that is not kept, e.g. for lack of a processor, must not cost much. */
  @Test
  void aPromiseThatIsNotKeptIsNotBelievedOften() {
    Path path = new Path(3 * GIB, 110 * MIB, 4 * MIB);
    CompressionChoice choice = new CompressionChoice();
    double bytes = 2 * GIB;
    int compressed = 0;
    int chunks = 0;
    for (double sent = 0; sent < bytes; sent += CHUNK_BYTES) {
      boolean compress = choice.compressNext();
      // As long as it compresses, the link is slower by as much as there is less to send.
      path.linkNsPerByte = at(110 * MIB) * (compress ? 3 : 1);
      choice.sent(path.send(Data.TEXT, compress));
      chunks++;
      compressed += compress ? 1 : 0;
    }
    assertThat((double) compressed / chunks).isLessThan(0.1);
  }

  /** The first chunk that is compressed has classes and memory to wait for. */
  @Test
  void aSlowFirstSampleDoesNotDeter() {
    Path path = new Path(3 * GIB, 50 * MIB, 1 * MIB);
    CompressionChoice choice = new CompressionChoice();
    double slow = 300;
    int compressed = 0;
    for (int chunk = 0; chunk < 400; chunk++) {
      boolean compress = choice.compressNext();
      choice.sent(path.send(new Data(compress ? slow : 0, 0.4), compress));
      if (compress) {
        compressed++;
        slow = 2;
      }
    }
    assertThat(compressed).isGreaterThan(300);
  }

  @Test
  void compressesNothingBeforeTheLinkHoldsItBack() {
    Path path = new Path(1 * GIB, 3 * GIB, 4 * MIB);
    CompressionChoice choice = new CompressionChoice();
    for (int i = 0; i < 10_000; i++) {
      assertThat(choice.compressNext()).isFalse();
      choice.sent(path.send(Data.SPARSE, false));
    }
  }
}
