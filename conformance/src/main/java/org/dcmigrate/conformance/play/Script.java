package org.dcmigrate.conformance.play;

import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.v1.TransferRequest;

/**
 * What a case wants a played peer to do otherwise than right. Of the rules that fit a message the
 * one that was given first is followed.
 */
public final class Script {
  private static final int ALWAYS = Integer.MAX_VALUE;

  private final List<Rule> rules = new ArrayList<>();

  /**
   * A message that has come.
   *
   * @param step as in {@link Course.Event#step}
   * @param number of its kind in this call, from 1
   */
  record Arriving(String step, int number, Message message) {}

  private static final class Rule {
    private final Predicate<Arriving> which;
    private final Reaction reaction;
    private final Optional<Held> held;
    private int left;

    Rule(Predicate<Arriving> which, Reaction reaction, int times) {
      this.which = which;
      this.reaction = reaction;
      this.left = times;
      held = Optional.empty();
    }

    Rule(Predicate<Arriving> which, Held held) {
      this.which = which;
      this.reaction = new Reaction.Hold(held.gate);
      this.left = ALWAYS;
      this.held = Optional.of(held);
    }
  }

  /** A call or message that waits until the case lets it go. */
  public static final class Held {
    private final CompletableFuture<Boolean> gate = new CompletableFuture<>();
    private volatile boolean reached;

    /** Whether something waits, or has waited. */
    public boolean isReached() {
      return reached;
    }

    /** Lets it go, and all others that this rule holds. */
    public void letGo() {
      gate.complete(true);
    }
  }

  synchronized Reaction reaction(Arriving arriving) {
    for (Rule rule : rules) {
      if (rule.left > 0 && rule.which.test(arriving)) {
        rule.left--;
        rule.held.ifPresent(held -> held.reached = true);
        return rule.reaction;
      }
    }
    return new Reaction.Right();
  }

  /** Always refuses this step. */
  public Script refuse(String step, Reason reason) {
    return rule(step, new Reaction.Refuse(reason), ALWAYS);
  }

  /** Refuses this step so often. */
  public Script refuse(String step, Reason reason, int times) {
    return rule(step, new Reaction.Refuse(reason), times);
  }

  /** Never answers this step. */
  public Script ignore(String step) {
    return rule(step, new Reaction.Ignore(), ALWAYS);
  }

  /** Breaks the call off at this step, once. */
  public Script drop(String step) {
    return rule(step, new Reaction.Drop(), 1);
  }

  /** Answers this in place of looking at the step, so often. */
  public Script answer(String step, Message answer, int times) {
    return rule(step, new Reaction.Answer(answer), times);
  }

  /** Changes what is answered to this step. */
  public Script change(String step, UnaryOperator<Message> change) {
    return rule(step, new Reaction.Change(change), ALWAYS);
  }

  /** Holds this step back until the case lets it go. */
  public Held hold(String step) {
    return hold(step, 1);
  }

  /** Holds a call back from its so many-th message of this step on. */
  public Held hold(String step, int from) {
    return hold(arriving -> arriving.step().equals(step) && arriving.number() >= from);
  }

  /** Holds a transfer back from the chunk on with which it would have brought more pages. */
  public Held holdAfterPages(long pages) {
    return hold(
        new Predicate<>() {
          private long came;

          @Override
          public boolean test(Arriving arriving) {
            if (arriving.message() instanceof TransferRequest transfer && transfer.hasChunk()) {
              came = (arriving.number() == 1 ? 0 : came) + transfer.getChunk().getPageCount();
              return came > pages;
            }
            return false;
          }
        });
  }

  private synchronized Held hold(Predicate<Arriving> which) {
    Held held = new Held();
    rules.add(new Rule(which, held));
    return held;
  }

  /** Does everything right from now on, also what was held back. */
  public synchronized void clear() {
    for (Rule rule : rules) {
      if (rule.reaction instanceof Reaction.Hold hold) {
        hold.gate().complete(true);
      }
    }
    rules.clear();
  }

  private synchronized Script rule(String step, Reaction reaction, int times) {
    rules.add(new Rule(arriving -> arriving.step().equals(step), reaction, times));
    return this;
  }
}
