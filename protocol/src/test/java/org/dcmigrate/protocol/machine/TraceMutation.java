package org.dcmigrate.protocol.machine;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.dcmigrate.protocol.trace.Fact;
import org.dcmigrate.protocol.trace.Role;
import org.dcmigrate.protocol.trace.TraceCheck.Located;
import org.dcmigrate.protocol.trace.TraceEvent;
import org.dcmigrate.protocol.trace.Transition;

/**
 * Ways to make a sound trace of all peers unsound, at a place that a seed picks.
 *
 * <p>The share is of all traces with such a place those in which the mutation has to be found; less
 * than all where the result may be another sound trace.
 */
enum TraceMutation {
  EVENT_DROPPED(100, step -> true, true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      List<Located> fewer = new ArrayList<>(trace);
      fewer.remove(place);
      return fewer;
    }
  },
  EVENT_TOLD_TWICE(100, step -> true, false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      List<Located> more = new ArrayList<>(trace);
      more.add(place, trace.get(place));
      return more;
    }
  },
  NEIGHBOURS_SWAPPED(100, step -> true, true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      int next = nextOfLife(trace, place).orElseThrow();
      List<Located> swapped = new ArrayList<>(trace);
      swapped.set(place, trace.get(next));
      swapped.set(next, trace.get(place));
      return swapped;
    }
  },
  STEP_NEVER_TAKEN(70, step -> !step.next().equals(step.state()), true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return withoutGap(trace, place);
    }
  },
  RECORD_NOT_WRITTEN(95, step -> isRecord(step.outputs()), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(
          trace,
          place,
          step ->
              changed(
                  step,
                  step.next(),
                  step.outputs().stream().filter(one -> !one.startsWith("journal ")).toList()));
    }
  },
  DONE_BEFORE_THE_RECORD(
      100, step -> isRecord(step.outputs()) && Set.copyOf(step.outputs()).size() > 1, false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> changed(step, step.next(), step.outputs().reversed()));
    }
  },
  OWNED_WITHOUT_A_GRANT(100, step -> is(step, Role.HOLDER, "Opened", "Receiving"), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> changed(step, "Owned", step.outputs()));
    }
  },
  EPOCH_LOWERED(70, step -> step.role() == Role.HOLDER && step.epoch() > 1, false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> inEpoch(step, step.epoch() - 1));
    }
  },
  PROMISE_TAKEN_BACK(40, TraceMutation::isInOffice, true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> withFacts(step, Map.of(Fact.PROMISED, "99999")));
    }
  },
  GRANT_TO_ANOTHER(40, step -> step.event().equals("GuestSealed"), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> withFacts(step, Map.of(Fact.DESTINATION, "Z")));
    }
  },
  GRANT_NOT_MADE(40, step -> is(step, Role.HOLDER, "Prepared", "Deciding"), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> inEpoch(step, step.epoch() + 1));
    }
  },
  VOTE_TURNED(
      40, step -> step.role() == Role.VOTER && step.facts().containsKey(Fact.CHOICE), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(
          trace,
          place,
          step ->
              withFacts(
                  step,
                  Map.of(
                      Fact.CHOICE,
                      "SOURCE".equals(step.facts().get(Fact.CHOICE)) ? "DESTINATION" : "SOURCE")));
    }
  },
  ANSWER_OF_A_STRANGER(90, step -> step.facts().containsKey(Fact.FROM), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> withFacts(step, Map.of(Fact.FROM, "Z")));
    }
  },
  COMPLETED_ELSEWHERE(100, step -> isEnd(step, "COMPLETED"), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(trace, place, step -> withFacts(step, Map.of(Fact.OWNER, "Z")));
    }
  },
  TAKEN_BACK_FROM_THE_OWNER(80, step -> isEnd(step, "COMPLETED"), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return with(
          trace, place, step -> withFacts(step, Map.of(Fact.RESULT, "FAILED", Fact.OWNER, "S")));
    }
  },
  TAKEN_BACK_IN_A_RESTART(60, step -> isGranted(step), true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return restarted(
          trace,
          place,
          "Ended",
          List.of("TakeBack", "EndGuestMigration", "journal Ended"),
          Map.of(Fact.RESULT, "FAILED", Fact.OWNER, "S"));
    }
  },
  OWNED_IN_A_RESTART_WITHOUT_VOTES(90, TraceMutation::isDeciding, true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      String owner = trace.get(place).event().peer();
      List<Located> alone = trace;
      for (int index = 0; index < trace.size(); index++) {
        TraceEvent event = trace.get(index).event();
        if (event.transition().role() == Role.VOTER && !event.peer().equals(owner)) {
          alone = with(alone, index, TraceMutation::withoutVote);
        }
      }
      return restarted(alone, place, "Owned", List.of("ResumeGuest"), Map.of());
    }
  },
  OWNED_BY_WHO_WAS_NOT_ASKED(
      100, step -> step.role() == Role.HOLDER && step.next().equals("Receiving"), true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return restarted(trace, place, "Owned", List.of("ResumeGuest"), Map.of());
    }
  },
  RUNNING_GUEST_FORGOTTEN(100, step -> step.event().equals("Resumed"), false) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return restarted(trace, place, "Forgotten", List.of("Wipe"), Map.of());
    }
  },
  RESOLUTION_NOT_TOLD(95, step -> step.event().equals(Transition.RESOLVE_HEARD), true) {
    @Override
    List<Located> at(List<Located> trace, int place) {
      return withoutGap(trace, place);
    }
  };

  private final int share;

  @SuppressWarnings("ImmutableEnumChecker") // a function without state
  private final Predicate<Transition> where;

  private final boolean followed;

  TraceMutation(int share, Predicate<Transition> where, boolean followed) {
    this.share = share;
    this.where = where;
    this.followed = followed;
  }

  /** In how many of a hundred traces it is found at least. */
  int share() {
    return share;
  }

  /** The trace with this wrong, unless it has no place for it. */
  Optional<List<Located>> of(List<Located> trace, SplittableRandom random) {
    int[] places =
        IntStream.range(0, trace.size())
            .filter(place -> where.test(trace.get(place).event().transition()))
            .filter(place -> !followed || nextOfLife(trace, place).isPresent())
            .toArray();
    return places.length == 0
        ? Optional.empty()
        : Optional.of(at(trace, places[random.nextInt(places.length)]));
  }

  abstract List<Located> at(List<Located> trace, int place);

  // ---- Places.

  private static boolean isRecord(List<String> outputs) {
    return !outputs.isEmpty() && outputs.getFirst().startsWith("journal ");
  }

  private static boolean is(Transition step, Role role, String state, String next) {
    return step.role() == role && step.state().equals(state) && step.next().equals(next);
  }

  private static boolean isGranted(Transition step) {
    return step.role() == Role.SOURCE
        && Set.of("Committing", "InDoubt", "Committed").contains(step.next());
  }

  private static boolean isDeciding(Transition step) {
    return step.role() == Role.HOLDER && step.next().equals("Deciding");
  }

  private static boolean isEnd(Transition step, String result) {
    return step.role() == Role.SOURCE
        && step.event().equals("Running")
        && result.equals(step.facts().get(Fact.RESULT));
  }

  private static boolean isInOffice(Transition step) {
    return step.role() == Role.VOTER && !step.next().equals("Ended");
  }

  private static Optional<Integer> nextOfLife(List<Located> trace, int place) {
    String life = trace.get(place).event().life();
    return IntStream.range(place + 1, trace.size())
        .filter(next -> trace.get(next).event().life().equals(life))
        .boxed()
        .findFirst();
  }

  // ---- Changes.

  private static List<Located> with(
      List<Located> trace, int place, UnaryOperator<Transition> change) {
    List<Located> changed = new ArrayList<>(trace);
    Located at = trace.get(place);
    changed.set(
        place,
        new Located(
            at.where(),
            copy(at.event(), at.event().number(), change.apply(at.event().transition()))));
    return changed;
  }

  private static TraceEvent copy(TraceEvent event, long number, Transition step) {
    return new TraceEvent(
        event.time(), event.peer(), event.life(), number, event.migration(), step);
  }

  private static List<Located> withoutGap(List<Located> trace, int place) {
    TraceEvent gone = trace.get(place).event();
    List<Located> fewer = new ArrayList<>();
    for (Located at : trace) {
      TraceEvent event = at.event();
      boolean later = event.life().equals(gone.life()) && event.number() > gone.number();
      if (!event.equals(gone)) {
        fewer.add(
            later
                ? new Located(at.where(), copy(event, event.number() - 1, event.transition()))
                : at);
      }
    }
    return fewer;
  }

  /** The peer of this step is killed after it, and this is all that it does in its next life. */
  private static List<Located> restarted(
      List<Located> trace, int place, String next, List<String> outputs, Map<Fact, String> facts) {
    TraceEvent last = trace.get(place).event();
    List<Located> changed = new ArrayList<>();
    for (int index = 0; index < trace.size(); index++) {
      Located at = trace.get(index);
      if (index <= place || !at.event().peer().equals(last.peer())) {
        changed.add(at);
      }
    }
    Transition step = last.transition();
    changed.add(
        new Located(
            "restarted",
            new TraceEvent(
                last.time(),
                last.peer(),
                "99999999-0000-4000-8000-000000000000",
                1,
                last.migration(),
                new Transition(
                    step.role(),
                    step.epoch(),
                    Transition.ABSENT,
                    Transition.RECOVERED,
                    next,
                    outputs,
                    step.clause(),
                    facts,
                    true))));
    return changed;
  }

  private static Transition changed(Transition step, String next, List<String> outputs) {
    return new Transition(
        step.role(),
        step.epoch(),
        step.state(),
        step.event(),
        next,
        outputs,
        step.clause(),
        step.facts(),
        true);
  }

  private static Transition inEpoch(Transition step, long epoch) {
    return new Transition(
        step.role(),
        epoch,
        step.state(),
        step.event(),
        step.next(),
        step.outputs(),
        step.clause(),
        step.facts(),
        true);
  }

  private static Transition withoutVote(Transition step) {
    Map<Fact, String> fewer = new EnumMap<>(Fact.class);
    fewer.putAll(step.facts());
    fewer.remove(Fact.BALLOT);
    fewer.remove(Fact.CHOICE);
    return new Transition(
        step.role(),
        step.epoch(),
        step.state(),
        step.event(),
        step.next(),
        step.outputs(),
        step.clause(),
        fewer,
        true);
  }

  private static Transition withFacts(Transition step, Map<Fact, String> facts) {
    Map<Fact, String> changed = new EnumMap<>(Fact.class);
    changed.putAll(step.facts());
    changed.putAll(facts);
    return new Transition(
        step.role(),
        step.epoch(),
        step.state(),
        step.event(),
        step.next(),
        step.outputs(),
        step.clause(),
        changed,
        true);
  }
}
