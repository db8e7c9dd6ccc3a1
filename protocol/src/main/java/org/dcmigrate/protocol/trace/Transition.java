package org.dcmigrate.protocol.trace;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One step of one machine.
 *
 * @param epoch the epoch that the machine is in after the step: that of a source falls back when a
 *     redirect fails, that of others only rises
 * @param state kind of the state before, {@link #ABSENT} where there was none
 * @param event kind of the input
 * @param next kind of the state after
 * @param outputs what it had done, in order, as the transition tables write it
 * @param clause the clause of SPEC.md that asks for this
 * @param facts what the step was about, by the names of {@link Fact}
 * @param telling whether anything changed or was done; otherwise the event is left out of traces
 */
public record Transition(
    Role role,
    long epoch,
    String state,
    String event,
    String next,
    List<String> outputs,
    String clause,
    Map<Fact, String> facts,
    boolean telling) {
  /** The state of a machine that does not exist yet. */
  public static final String ABSENT = "Absent";

  /** The event of a machine that is taken up again from its journal. */
  public static final String RECOVERED = "Recovered";

  /** The event of a machine that will act on the operator's word, before any of it is on disk. */
  public static final String RESOLVE_HEARD = "ResolveHeard";

  public Transition {
    outputs = List.copyOf(outputs);
    facts = new TreeMap<>(facts);
  }

  /** The same step, with one more fact. */
  Transition with(Fact fact, String value) {
    Map<Fact, String> more = new TreeMap<>(facts);
    more.put(fact, value);
    return new Transition(role, epoch, state, event, next, outputs, clause, more, telling);
  }
}
