package org.dcmigrate.peer.transfer;

/**
 * Decides, chunk by chunk, whether compressing makes one transfer faster. A function of what the
 * chunks before have cost; its time is the sum of their durations. For one thread.
 *
 * <p>Whoever waits for the transport or the limiter is held back by the link, and only then can
 * fewer bytes be sooner there. The way from off to on and back:
 *
 * <ol>
 *   <li>{@code OFF}: where the sender is held back, a few chunks are compressed now and then. From
 *       their ratio and duration follows what compressing promises: per byte of content, the longer
 *       of the sender's own work with compressing, and the link's time for what is left.
 *   <li>{@code TRYING_ON}: it promised a tenth or more, and is measured. What keeps the promise
 *       stays.
 *   <li>{@code TRYING_OFF}: now and then it is measured what the transfer does without, as the link
 *       may have become faster, and nothing shows that while it is not full.
 * </ol>
 *
 * <p>What an attempt has cost more than what was in force before has to be earned back a
 * hundredfold before the next one of its kind: each of the two kinds, samples and trials, costs at
 * most a hundredth of the time.
 */
final class CompressionChoice {
  /** Below this gain, compressing is not worth the processor's time. */
  private static final double LEAST_GAIN = 0.1;

  private static final double EARNED_BACK = 100;
  private static final int SAMPLE_CHUNKS = 3;
  private static final double SAMPLE_WEIGHT = 0.4;
  private static final double LEAST_BETWEEN_SAMPLES_NS = 250_000_000;

  /** Samples that took so long that they would wait for longer than this met a busy host. */
  private static final double MOST_BETWEEN_SAMPLES_NS = 2_000_000_000;

  private static final double SPAN_WEIGHT = 0.5;
  private static final int TRIAL_SPANS = 2;
  private static final long SPAN_BYTES = 2L << 20;
  private static final long SHORT_SPAN_BYTES = 512L << 10;
  private static final long SPAN_NS = 10_000_000;
  private static final long LONG_SPAN_NS = 200_000_000;

  /** What may lie in buffers on the way before a link that is slow shows. */
  private static final long BUFFERED_BYTES = 32L << 20;

  private enum Phase {
    OFF,
    TRYING_ON,
    ON,
    TRYING_OFF
  }

  /**
   * What chunks have cost.
   *
   * @param contentBytes of their pages
   * @param wireBytes that were sent
   * @param workNs the sender's own work, without compressing
   * @param compressNs compressing
   * @param waitNs waiting for the transport and the limiter
   */
  record Cost(long contentBytes, long wireBytes, long workNs, long compressNs, long waitNs) {
    static final Cost NONE = new Cost(0, 0, 0, 0, 0);

    long elapsedNs() {
      return workNs + compressNs + waitNs;
    }

    double nsPerByte() {
      return (double) elapsedNs() / contentBytes;
    }

    private Cost plus(Cost more) {
      return new Cost(
          contentBytes + more.contentBytes,
          wireBytes + more.wireBytes,
          workNs + more.workNs,
          compressNs + more.compressNs,
          waitNs + more.waitNs);
    }

    private boolean isSpan() {
      return elapsedNs() >= SPAN_NS
          && contentBytes >= (elapsedNs() >= LONG_SPAN_NS ? SHORT_SPAN_BYTES : SPAN_BYTES);
    }

    private boolean isHeldBack() {
      return waitNs >= LEAST_GAIN * elapsedNs();
    }
  }

  private Phase phase = Phase.OFF;
  private Cost span = Cost.NONE;
  private long nowNs;

  // Of chunks that were compressed: wire bytes and nanoseconds per byte of content.
  private double share = 1;
  private double compressNsPerByte;
  private int samplesLeft;
  private long samplesNs;
  private boolean isSampled;
  private double nextSampleNs;

  // Nanoseconds per byte of content in the phase that is in force, and the trial of the other one.
  private double inForce;
  // While off: whether the span before was held back.
  private boolean full;
  private Cost trial = Cost.NONE;
  private int trialSpans;
  private double nextTrialNs;

  /** Whether to compress the next chunk with content. */
  boolean compressNext() {
    return switch (phase) {
      case OFF -> samplesLeft > 0;
      case TRYING_ON, ON -> true;
      case TRYING_OFF -> false;
    };
  }

  /** Whether compressing is in force or on trial. */
  boolean isOn() {
    return phase == Phase.ON || phase == Phase.TRYING_ON;
  }

  /** A chunk with content was sent. */
  void sent(Cost cost) {
    nowNs += cost.elapsedNs();
    span = span.plus(cost);
    if (cost.compressNs() > 0) {
      compressed(cost);
    }
    if (span.isSpan()) {
      Cost done = span;
      span = Cost.NONE;
      spanEnded(done);
    }
  }

  private void compressed(Cost cost) {
    double costShare = (double) cost.wireBytes() / cost.contentBytes();
    double costNsPerByte = (double) cost.compressNs() / cost.contentBytes();
    if (samplesLeft == 0) {
      share += SAMPLE_WEIGHT * (costShare - share);
      compressNsPerByte += SAMPLE_WEIGHT * (costNsPerByte - compressNsPerByte);
      return;
    }
    boolean first = samplesLeft == SAMPLE_CHUNKS;
    share = first ? costShare : share + SAMPLE_WEIGHT * (costShare - share);
    // Whatever else the host does makes it slower, never faster.
    compressNsPerByte = first ? costNsPerByte : Math.min(compressNsPerByte, costNsPerByte);
    samplesNs += cost.compressNs();
    if (--samplesLeft == 0) {
      isSampled = true;
      nextSampleNs =
          nowNs
              + Math.clamp(
                  EARNED_BACK * samplesNs, LEAST_BETWEEN_SAMPLES_NS, MOST_BETWEEN_SAMPLES_NS);
    }
  }

  private void spanEnded(Cost done) {
    switch (phase) {
      case OFF -> {
        boolean fullBefore = full;
        full = done.isHeldBack();
        // Neither buffers that ran full meanwhile nor samples are what it does without compressing.
        if (done.compressNs() == 0) {
          inForce = fullBefore ? blended(done) : done.nsPerByte();
          if (full && fullBefore) {
            heldBack(done);
          }
        }
      }
      case TRYING_ON -> {
        trial = trial.plus(done);
        if (++trialSpans == TRIAL_SPANS) {
          double on = trial.nsPerByte();
          endTrial(on, on < (1 - LEAST_GAIN) * inForce, Phase.ON, Phase.OFF);
        }
      }
      case ON -> {
        inForce = blended(done);
        if (nowNs >= nextTrialNs) {
          beginTrial(Phase.TRYING_OFF);
        }
      }
      case TRYING_OFF -> {
        trial = trial.plus(done);
        // Buffers that run full look like a fast link: the span in which they did does not count.
        trialSpans += done.isHeldBack() ? 1 : 0;
        if (trialSpans == TRIAL_SPANS
            || (trialSpans == 0 && trial.contentBytes() >= BUFFERED_BYTES)) {
          double off = done.nsPerByte();
          endTrial(off, (1 - LEAST_GAIN) * off < inForce, Phase.OFF, Phase.ON);
        }
      }
    }
  }

  private double blended(Cost done) {
    return inForce + (done.nsPerByte() - inForce) * SPAN_WEIGHT;
  }

  private void heldBack(Cost done) {
    if (samplesLeft > 0) {
      return;
    }
    if (isSampled && nowNs >= nextTrialNs && promised(done) < (1 - LEAST_GAIN) * done.nsPerByte()) {
      beginTrial(Phase.TRYING_ON);
    } else if (nowNs >= nextSampleNs) {
      samplesLeft = SAMPLE_CHUNKS;
      samplesNs = 0;
    }
  }

  /** Nanoseconds per byte of content if all chunks were compressed, the link being full now. */
  private double promised(Cost done) {
    double work = (double) done.workNs() / done.contentBytes() + compressNsPerByte;
    double link = (double) done.elapsedNs() / done.wireBytes() * share;
    return Math.max(work, link);
  }

  private void beginTrial(Phase of) {
    phase = of;
    trial = Cost.NONE;
    trialSpans = 0;
    full = false;
  }

  private void endTrial(double nsPerByte, boolean better, Phase tried, Phase before) {
    double lostNs = trial.elapsedNs() - inForce * trial.contentBytes();
    // The next trial costs about as much: of the same kind, as there it was worse; of the other
    // kind, as it goes back to what was worse.
    nextTrialNs = nowNs + EARNED_BACK * Math.abs(lostNs);
    inForce = better ? nsPerByte : inForce;
    phase = better ? tried : before;
  }
}
