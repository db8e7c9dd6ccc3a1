/*
 * The commit decision of one epoch: source S, destination N, witness W.
 *
 * Network: a set. What was sent once may arrive at any time, any number of times, in any order, or never.
 * One slot per distinct message, so the capacity is bounded by the number of distinct messages.
 * Journal: a step is atomic and persists before it sends. A crash between the two looks like a lost message,
 * which the set covers. What a peer keeps in memory (the ballot that it runs) is lost in a crash.
 * The witness keeps nothing in memory, so its restart changes nothing and is no step of the model.
 *
 * With -DTERMINAL liveness is checked. Every step changes the state for good, so every run ends (run checks that there
 * is no cycle), and "eventually" is checked in its last state: there, whatever is repeated for ever has arrived.
 * A run has one fault at most: S, N or W dies for ever, a link is cut for ever, S or N restarts (with or without its
 * guest), or N cannot resume. Each comes at any moment.
 *
 * Bounds, safety: one epoch; ballots 0 to LAST; CRASHES restarts of S and N in all. A peer that is dead or cut off is
 * one whose steps do not come. N may give up at any moment at which it never ran the guest.
 * Bounds, -DTERMINAL: S runs ballot 1, and 3 once it restarted or N no longer runs ballots; N runs 0 and 2, one more
 * when it restarted, one more once S no longer runs ballots. This stands for "duels of proposers end" (in a peer:
 * waiting times that grow and differ); without it no such protocol terminates.
 * Not modelled: several epochs (epochs.pml), the operator's resolve with a witness, digests, a peer that lies or loses its disk.
 *
 * Once S and N both ended, W stops, and a promise that its proposer no longer waits for is not kept.
 *
 * Switches: -DWITNESS=0|1  -DCRASHES=n  -DLAST=n  -DTERMINAL  -DNO_FAULT  -DRESOLVE
 *           -DPROP=<one property, all without>  -DREACH=<state>  -DM_<mutant>
 */
#ifndef WITNESS
#define WITNESS 1
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef LAST
#define LAST 3
#endif
#ifndef PROP
#define PROP 0
#endif
#ifndef REACH
#define REACH 0
#endif

/* Properties of every state. */
#define TWO_RUNNING   1  /* at most one peer runs the guest */
#define S_RUNS        2  /* S runs after GRANT: SOURCE is decided, or FORGOT is in N's journal */
#define BOTH_DECIDED  3  /* never both choices */
#define N_RUNS        4  /* N runs: DESTINATION is decided and OWNED is in N's journal */
#define FORGOT_RAN    5  /* N that journalled FORGOT never ran the guest */
#define COPY          6  /* until DESTINATION is decided, S has its copy, unless its own host lost it */
#define S_QUITS       7  /* S quits its guest only when N journalled OWNED */
/* Properties of every last state (-DTERMINAL). */
#define GUEST_RUNS    8  /* the guest runs, or the peer that owns it is dead or lost it */
#define N_RESOLVED    9  /* N, alive, is not left in Deciding, except where no quorum is in reach */
#define ON(p) (PROP == 0 || PROP == p)

/* States that must be reachable. */
#define R_N_RUNS            1
#define R_TAKEN_BY_BALLOT   2
#define R_TAKEN_BY_FORGOT   3
#define R_N_WITHOUT_S       4
#define R_BALLOT_2          5
#define R_COMMITTED         6
#define R_FORGOT_DECIDED    7  /* DESTINATION was decided, yet N forgot and S runs */
#define R_S_LOST_N_RUNS     8  /* S lost its guest before the decision, N runs */
#define R_RESOLVED          9
#define R_AGAIN             10 /* S was restarted in a ballot, began it again, and took back by it */

#define S 0
#define N 1
#define W 2
#define SOURCE 0
#define DESTINATION 1
#define NB 7
#define BIT(x) (1 << (x))
#define HAS(set, b) (((set) >> (b)) & 1)
#define PROPOSER(b) (1 - ((b) % 2))
#if WITNESS
#define QUORUM(v) ((v) == 3 || (v) >= 5)
#else
#define QUORUM(v) HAS(v, S)
#endif

/* Acceptors, durable. A ballot b is stored as b + 1, an acceptance as 1 + 2b + choice; 0 is none. */
byte prm[3];
byte acc[3];
/* Journals. */
mtype = { STOPPED, GRANT, COMMITTED, TAKEN, DONE, PREPARED, DECIDING, OWNED, FORGOT };
mtype sst = STOPPED;
mtype nst = PREPARED;
byte wst = 1;          /* 0 unknown, 1 appointed, 2 ended */
/* Proposers, in memory: ballot + 1, phase, choice, highest acceptance among the promises. [S] and [N] */
byte bal[2];
byte phase[2];
byte val[2];
byte best[2];
byte got[2];           /* who has promised; the proposer itself only by its own acceptor's answer */
/* Guests. */
bool s_run, n_run;
bool s_copy = 1;       /* S has the stopped guest */
bool n_copy = 1;       /* N has the prepared guest */
/* Network. */
bool m_commit, m_running, m_discarded, m_abort, m_dismiss;
byte m_promise;        /* set of ballots */
byte m_accept[2];      /* per choice: set of ballots */
byte m_promised[21];   /* acceptor * NB + ballot: 0 or 1 + acceptance */
byte votes[14];        /* choice * NB + ballot: set of acceptors that answered Accepted */
/* Faults. */
mtype = { NOTHING, DIE, CUT, RESTART, NO_RESUME };
mtype fault = NOTHING;
byte who;              /* the peer, or the link as the sum of its two ends */
bool fired;
byte cut;              /* the link that is cut: 1 S-N, 2 S-W, 3 N-W */
byte dead = 3;         /* the dead peer, 3 is none */
byte crashes;
bool s_crashes, n_crashes;
#define LINK(x, y) ((x) == (y) || cut != (x) + (y))
#define UP(x) (dead != (x))
/* Seen from outside only. */
bool decided[2];
bool n_ran;
bool s_lost;           /* S's host lost the stopped guest */
bool s_late;           /* ... after SOURCE was proposed */
bool by_ballot;        /* S took back by ballot */
bool resolved;         /* S took back by the operator's word */
#if REACH == R_AGAIN
byte s_asked;          /* ballots that S had asked others to promise when it restarted */
#endif
#ifdef M_ACK_FIRST
byte disk_prm, disk_acc;
#endif

inline check() {
#if ON(TWO_RUNNING)
    assert(!(s_run && n_run));
#endif
#if ON(S_RUNS)
    assert(!s_run || decided[SOURCE] || nst == FORGOT || resolved);
#endif
#if ON(BOTH_DECIDED)
    assert(!(decided[SOURCE] && decided[DESTINATION]));
#endif
#if ON(N_RUNS)
    assert(!n_run || (decided[DESTINATION] && nst == OWNED));
#endif
#if ON(FORGOT_RAN)
    assert(!(nst == FORGOT && n_ran));
#endif
#if ON(COPY)
    assert(s_copy || s_lost || decided[DESTINATION]);
#endif
#if ON(S_QUITS)
    assert(sst != DONE || nst == OWNED);
#endif
#if REACH == R_N_RUNS
    assert(!n_run);
#elif REACH == R_TAKEN_BY_BALLOT
    assert(!(s_run && by_ballot));
#elif REACH == R_TAKEN_BY_FORGOT
    assert(!(s_run && !by_ballot));
#elif REACH == R_N_WITHOUT_S
    assert(!(n_run && !UP(S) && !HAS(votes[DESTINATION * NB], S)));
#elif REACH == R_BALLOT_2
    assert(!(n_run && bal[N] == 3));
#elif REACH == R_COMMITTED
    assert(!(sst == COMMITTED && nst == DECIDING));
#elif REACH == R_FORGOT_DECIDED
    assert(!(s_run && decided[DESTINATION]));
#elif REACH == R_RESOLVED
    assert(!(s_run && resolved));
#elif REACH == R_AGAIN
    assert(!(s_run && by_ballot && HAS(s_asked, prm[S] - 1)));
#elif REACH == R_S_LOST_N_RUNS
    assert(!(n_run && s_lost));
#endif
    skip
}

#define VOTE(x, b, c) \
    votes[(c) * NB + (b)] = votes[(c) * NB + (b)] | BIT(x); \
    decided[c] = decided[c] || QUORUM(votes[(c) * NB + (b)])

/* ---- the acceptor, the same at the three peers ---- */

#if defined(M_WITNESS_DEAF)
#define FREE(x, b) (x == W || prm[x] <= (b) + 1)
#else
#define FREE(x, b) (prm[x] <= (b) + 1)
#endif

/* A promise that its proposer no longer waits for is not kept: it would be ignored. */
#define WAITS(b) (phase[PROPOSER(b)] == 1 && bal[PROPOSER(b)] == b + 1)
#define ANSWER(x, b) m_promised[x * NB + b] = (1 + acc[x]) * WAITS(b);
#define FORGET_ANSWERS(p) \
    m_promised[S * NB + bal[p] - (bal[p] > 0)] = 0; m_promised[N * NB + bal[p] - (bal[p] > 0)] = 0; \
    m_promised[W * NB + bal[p] - (bal[p] > 0)] = 0;

#define ON_PROMISE(x, is, b) \
    :: atomic { is && HAS(m_promise, b) && x != PROPOSER(b) && LINK(x, PROPOSER(b)) && (prm[x] < b + 1 || (prm[x] == b + 1 && WAITS(b) && m_promised[x * NB + b] == 0)) -> \
        prm[x] = b + 1; ANSWER(x, b) \
        printf("%d: promises ballot %d\n", x, b); check() }

#define ON_ACCEPT(x, is, b, c) \
    :: atomic { is && HAS(m_accept[c], b) && LINK(x, PROPOSER(b)) && FREE(x, b) && acc[x] != 1 + 2 * b + c -> \
        prm[x] = b + 1; acc[x] = 1 + 2 * b + c; VOTE(x, b, c); \
        printf("%d: accepts ballot %d choice %d\n", x, b, c); check() }

#define ACCEPTOR(x, is) \
    ON_PROMISE(x, is, 1) ON_PROMISE(x, is, 2) ON_PROMISE(x, is, 3) ON_PROMISE(x, is, 4) ON_PROMISE(x, is, 5) ON_PROMISE(x, is, 6) \
    ON_ACCEPT(x, is, 0, DESTINATION) \
    ON_ACCEPT(x, is, 1, SOURCE) ON_ACCEPT(x, is, 1, DESTINATION) \
    ON_ACCEPT(x, is, 2, SOURCE) ON_ACCEPT(x, is, 2, DESTINATION) \
    ON_ACCEPT(x, is, 3, SOURCE) ON_ACCEPT(x, is, 3, DESTINATION) \
    ON_ACCEPT(x, is, 4, SOURCE) ON_ACCEPT(x, is, 4, DESTINATION) \
    ON_ACCEPT(x, is, 5, SOURCE) ON_ACCEPT(x, is, 5, DESTINATION) \
    ON_ACCEPT(x, is, 6, SOURCE) ON_ACCEPT(x, is, 6, DESTINATION)

/* ---- the proposer, the same at S and N; is: it may run ballots ---- */

#define MAX(a, b) (((a) > (b)) -> (a) : (b))
/* The next ballot of the own parity, by memory alone: the first again after a restart. A refusal may make a peer skip
   some; that is the same as starting them without being heard. */
#define NEXT_S (bal[S] + 1 - bal[S] % 2)
#define NEXT_N ((bal[N] == 0) -> 2 : bal[N] + bal[N] % 2)

#ifdef M_IGNORE_ACCEPTED
#define CHOOSE(p, own) own
#else
#define CHOOSE(p, own) ((best[p] > 0) -> ((best[p] - 1) % 2) : own)
#endif

#ifdef M_LATE_VOTE
#define SEND_NOW(p) m_accept[val[p]] = m_accept[val[p]] | BIT(bal[p] - 1);
#else
#define SEND_NOW(p)
#endif
#define PROPOSE(p, own) \
    val[p] = CHOOSE(p, own); phase[p] = 2; best[p] = 0; got[p] = 0; FORGET_ANSWERS(p) SEND_NOW(p) \
    printf("%d: proposes choice %d in ballot %d\n", p, val[p], bal[p] - 1)

#if WITNESS
#define VOTER(p) true
#else
#define VOTER(p) (p == S)
#endif
#ifdef M_OTHERS_SUFFICE
#define ASK_NOW(p) m_promise = m_promise | BIT(bal[p] - 1);
#else
#define ASK_NOW(p) m_promise = m_promise | ((!VOTER(p)) << (bal[p] - 1));
#endif

#define BEGIN(p, b) \
    FORGET_ANSWERS(p) bal[p] = b + 1; best[p] = 0; got[p] = 0; phase[p] = 1; val[p] = 0; ASK_NOW(p) \
    printf("%d: starts ballot %d\n", p, bal[p] - 1)

#ifdef M_OTHERS_SUFFICE
#define OWN(p) true
#else
#define OWN(p) (!VOTER(p) || HAS(got[p], p))
#endif

#define ON_PROMISED(p, is, y, own) \
    :: atomic { is && phase[p] == 1 && LINK(p, y) && m_promised[y * NB + bal[p] - 1] && !HAS(got[p], y) -> \
        best[p] = MAX(best[p], m_promised[y * NB + bal[p] - 1] - 1); got[p] = got[p] | BIT(y); check() }

/* The own acceptor answers like any other one: it may have promised more; nobody else is asked before it agrees. */
#define OWN_STEPS(p, is, own) \
    :: atomic { is && VOTER(p) && phase[p] == 1 && !HAS(got[p], p) && prm[p] <= bal[p] -> \
        prm[p] = bal[p]; got[p] = got[p] | BIT(p); best[p] = MAX(best[p], acc[p]); \
        m_promise = m_promise | BIT(bal[p] - 1); check() } \
    :: atomic { is && phase[p] == 1 && QUORUM(got[p]) && OWN(p) -> PROPOSE(p, own); check() } \
    :: atomic { is && phase[p] == 2 && bal[p] > 1 && VOTER(p) && prm[p] <= bal[p] && acc[p] != 1 + 2 * (bal[p] - 1) + val[p] -> \
        prm[p] = bal[p]; acc[p] = 1 + 2 * (bal[p] - 1) + val[p]; VOTE(p, (bal[p] - 1), val[p]); \
        printf("%d: votes itself in ballot %d choice %d\n", p, bal[p] - 1, val[p]); check() } \
    :: atomic { is && phase[p] == 2 && bal[p] > 1 && (!VOTER(p) || acc[p] == 1 + 2 * (bal[p] - 1) + val[p] || prm[p] > bal[p]) \
        && !HAS(m_accept[val[p]], bal[p] - 1) -> m_accept[val[p]] = m_accept[val[p]] | BIT(bal[p] - 1); check() }

/* The answers that reached p for its ballot. They name the ballot, not the choice. */
#define REACHED(p) (BIT(p) | (LINK(p, S) * BIT(S)) | (LINK(p, N) * BIT(N)) | (LINK(p, W) * BIT(W)))
#define CHOSEN(p) (phase[p] == 2 && \
    QUORUM((votes[SOURCE * NB + bal[p] - 1] | votes[DESTINATION * NB + bal[p] - 1]) & REACHED(p)))

#define IDLE(p) FORGET_ANSWERS(p) got[p] = 0; bal[p] = 0; phase[p] = 0; val[p] = 0; best[p] = 0

/* ---- source ---- */

#ifdef M_LOST_PROPOSES_SOURCE
#define S_OWN SOURCE
#else
#define S_OWN ((s_copy == 1) -> SOURCE : DESTINATION)
#endif

inline take_back() {
    sst = TAKEN; IDLE(S);
    m_abort = 1;
    printf("S: journals the end, takes the guest back\n"); check()
}

#ifdef M_RESOLVED_VOTES
#define S_ON (UP(S) && (sst == GRANT || sst == COMMITTED || resolved))
#else
#define S_ON (UP(S) && (sst == GRANT || sst == COMMITTED))
#endif
#define S_PROPOSES (UP(S) && sst == GRANT)

#ifdef TERMINAL
#define LAST_S (1 + 2 * (s_crashes > 0 || !UP(N) || nst == FORGOT))
#define LAST_N (2 + 2 * n_crashes + 2 * (!UP(S) || sst == TAKEN || sst == COMMITTED))
#else
#define LAST_S LAST
#define LAST_N LAST
#endif

proctype source() {
end:
    do
    :: atomic { UP(S) && sst == STOPPED ->
        sst = GRANT; m_commit = 1;
#ifdef M_QUIT_EARLY
        s_copy = 0;
#endif
#ifdef M_EAGER
        prm[S] = 1; acc[S] = 2; VOTE(S, 0, DESTINATION);
#endif
        printf("S: journals GRANT, sends Commit\n"); check() }
    ACCEPTOR(S, S_ON)
    :: atomic { S_PROPOSES && NEXT_S <= LAST_S -> BEGIN(S, NEXT_S); check() }
    OWN_STEPS(S, S_PROPOSES, S_OWN)
#if WITNESS
    ON_PROMISED(S, S_PROPOSES, N, S_OWN)
    ON_PROMISED(S, S_PROPOSES, W, S_OWN)
#endif
#ifdef M_NO_QUORUM
    :: atomic { S_PROPOSES && bal[S] -> by_ballot = 1; take_back() }
#endif
    :: atomic { S_PROPOSES && CHOSEN(S) ->
        if
        :: val[S] == SOURCE -> by_ballot = 1; take_back()
        :: else -> sst = COMMITTED; IDLE(S); printf("S: DESTINATION is decided\n"); check()
        fi }
#ifdef RESOLVE
    /* Fenced: N owns nothing now. Without a witness only S's own vote could still change that. */
    :: atomic { UP(S) && (sst == GRANT || sst == COMMITTED) && !decided[DESTINATION] ->
        resolved = 1; printf("S: the operator resolves SOURCE\n"); take_back() }
#endif
#ifdef M_QUIT_DECIDED
    :: atomic { UP(S) && sst == COMMITTED -> sst = DONE; IDLE(S); s_copy = 0; printf("S: quits without Running\n"); check() }
#endif
    :: atomic { S_ON && m_discarded && LINK(S, N) -> printf("S: hears ATTEMPT_DISCARDED\n"); take_back() }
    :: atomic { S_ON && m_running && LINK(S, N) ->
        sst = DONE; IDLE(S); s_copy = 0; m_dismiss = 1;
        printf("S: hears Running, quits its guest, journals the end\n"); check() }
    :: atomic { UP(S) && sst == TAKEN && s_copy && !s_run ->
        s_run = 1; m_dismiss = 1; printf("S: runs the guest\n"); check() }
    od
}

/* ---- destination ---- */

inline forget() {
    nst = FORGOT; n_copy = 0; m_discarded = 1; IDLE(N);
    printf("N: journals FORGOT, answers ATTEMPT_DISCARDED\n"); check()
}

#ifdef M_EARLY_ACCEPTOR
#define N_ON (UP(N) && (nst == PREPARED || nst == DECIDING || nst == OWNED))
#elif WITNESS
#define N_ON (UP(N) && (nst == DECIDING || nst == OWNED))
#else
#define N_ON false
#endif
#define N_PROPOSES (UP(N) && nst == DECIDING)

proctype destination() {
end:
    do
    :: atomic { UP(N) && nst == PREPARED && m_commit && LINK(S, N) ->
        nst = DECIDING; bal[N] = 1; phase[N] = 2; val[N] = DESTINATION; prm[N] = 1;
#if WITNESS
        acc[N] = 2; VOTE(N, 0, DESTINATION);
#endif
        m_accept[DESTINATION] = m_accept[DESTINATION] | BIT(0);
        printf("N: journals GRANTED, proposes DESTINATION in ballot 0\n"); check() }
    ACCEPTOR(N, N_ON)
    :: atomic { N_PROPOSES && NEXT_N <= LAST_N -> BEGIN(N, NEXT_N); check() }
    OWN_STEPS(N, N_PROPOSES, DESTINATION)
    ON_PROMISED(N, N_PROPOSES, S, DESTINATION)
#if WITNESS
    ON_PROMISED(N, N_PROPOSES, W, DESTINATION)
#endif
    :: atomic { N_PROPOSES && CHOSEN(N) ->
        if
        :: val[N] == DESTINATION -> nst = OWNED; phase[N] = 0; printf("N: journals OWNED\n"); check()
        :: else -> forget()
        fi }
    :: atomic { UP(N) && nst == OWNED && n_copy && !n_run && !(fault == NO_RESUME) ->
        n_run = 1; n_ran = 1; m_running = 1; printf("N: runs the guest\n"); check() }
    :: atomic { N_PROPOSES && m_abort && LINK(S, N) -> printf("N: hears Abort\n"); forget() }
#if WITNESS && !defined(M_SILENT_WITNESS)
    :: atomic { N_PROPOSES && wst == 2 && UP(W) && LINK(N, W) -> printf("N: hears from W that S ended\n"); forget() }
#endif
#ifdef TERMINAL
    :: atomic { UP(N) && nst == OWNED && fault == NO_RESUME -> printf("N: cannot resume\n"); forget() }
#else
    /* At will: before Deciding, by the operator in Deciding, and when the guest surely never ran. */
    :: atomic { nst == PREPARED || nst == DECIDING || (nst == OWNED && !n_ran) -> forget() }
#endif
#ifdef M_FORGET_UNWRITTEN
    :: atomic { nst == DECIDING && !m_discarded -> m_discarded = 1; printf("N: answers ATTEMPT_DISCARDED\n") }
#endif
#ifdef M_RUN_UNDECIDED
    :: atomic { nst == DECIDING && n_copy && !n_run -> n_run = 1; n_ran = 1; m_running = 1; check() }
#endif
#ifdef M_RUN_UNWRITTEN
    :: atomic { N_PROPOSES && CHOSEN(N) && val[N] == DESTINATION && !n_run ->
        n_run = 1; n_ran = 1; printf("N: runs the guest before OWNED\n"); check() }
#endif
    od
}

/* ---- witness ---- */

/* Once S and N ended, nobody reads what W answers. */
#define W_ON (UP(W) && wst == 1 && (sst == GRANT || nst == DECIDING))

proctype witness() {
end:
    do
    ACCEPTOR(W, W_ON)
    :: atomic { UP(W) && wst == 1 && m_dismiss && LINK(S, W) ->
#ifdef M_NO_TRACE
        wst = 0; prm[W] = 0; acc[W] = 0;
#else
        wst = 2;
#endif
        printf("W: dismissed\n") }
#ifdef M_NO_TRACE
    :: atomic { UP(W) && wst == 0 && LINK(S, W) -> wst = 1; printf("W: a late Appoint arrives\n") }
#endif
#ifdef M_ACK_FIRST
    :: atomic { disk_prm != prm[W] || disk_acc != acc[W] -> disk_prm = prm[W]; disk_acc = acc[W] }
    :: atomic { crashes < CRASHES && (disk_prm != prm[W] || disk_acc != acc[W]) ->
        crashes++; prm[W] = disk_prm; acc[W] = disk_acc; printf("W: restarts\n") }
#endif
    od
}

/* ---- faults ---- */

inline restart_s(lost) {
#if REACH == R_AGAIN
    s_asked = m_promise & (BIT(1) | BIT(3) | BIT(5));
#endif
    IDLE(S); s_crashes = 1;
    if
    :: sst == COMMITTED -> sst = GRANT
    :: else
    fi;
    if
    :: lost -> s_copy = 0; s_lost = 1; s_late = (m_accept[SOURCE] != 0 || (acc[S] > 0 && (acc[S] - 1) % 2 == SOURCE))
    :: else
    fi;
    printf("S: restarts, guest lost %d\n", lost); check()
}

inline restart_n(lost) {
    IDLE(N); n_crashes = 1;
    printf("N: restarts, guest lost %d\n", lost);
    if
    :: !lost && nst == DECIDING -> bal[N] = 1; phase[N] = 2; val[N] = DESTINATION
    :: lost && nst == OWNED -> n_copy = 0; n_run = 0
    :: lost && (nst == PREPARED || nst == DECIDING) -> n_run = 0; forget()
    :: else
    fi;
    check()
}

#define S_MAY_RESTART (UP(S) && (sst == GRANT || sst == COMMITTED))
#define N_MAY_RESTART (UP(N) && (nst == PREPARED || nst == DECIDING || (nst == OWNED && n_copy)))

proctype faults() {
end:
    do
#ifndef TERMINAL
    :: atomic { crashes < CRASHES && S_MAY_RESTART -> crashes++; restart_s(0) }
    :: atomic { crashes < CRASHES && S_MAY_RESTART && s_copy -> crashes++; restart_s(1) }
    :: atomic { crashes < CRASHES && N_MAY_RESTART -> crashes++; restart_n(0) }
    :: atomic { crashes < CRASHES && N_MAY_RESTART -> crashes++; restart_n(1) }
#if REACH == R_N_WITHOUT_S
    :: atomic { sst == GRANT && UP(S) -> dead = S; printf("S: dies\n") }
#endif
#else
    :: atomic { fault == DIE && !fired && (who != S || sst != STOPPED) ->
        fired = 1; dead = who; printf("%d: dies\n", who);
        if
        :: who == S -> s_run = 0
        :: who == N -> n_run = 0
        :: else
        fi; check() }
    :: atomic { fault == CUT && !fired -> fired = 1; cut = who; printf("link %d is cut\n", who) }
    :: atomic { fault == RESTART && !fired && who == S && S_MAY_RESTART -> fired = 1; restart_s(0) }
    :: atomic { fault == RESTART && !fired && who == S && S_MAY_RESTART && s_copy -> fired = 1; restart_s(1) }
    :: atomic { fault == RESTART && !fired && who == N && N_MAY_RESTART -> fired = 1; restart_n(0) }
    :: atomic { fault == RESTART && !fired && who == N && N_MAY_RESTART -> fired = 1; restart_n(1) }
#endif
    od
}

#ifdef TERMINAL
#define S_OWNS_DEAD (!UP(S) && (nst == PREPARED || decided[SOURCE]))
#define N_OWNS_DEAD (!UP(N) && nst != PREPARED && decided[DESTINATION])
#define N_OWNS_LOST (nst == OWNED && !n_copy)
#define S_OWNS_LOST (s_lost && s_late)

proctype last_state() {
end:
    timeout ->
    printf("the last state: sst %e nst %e\n", sst, nst);
#if ON(GUEST_RUNS)
    assert(s_run || n_run || S_OWNS_DEAD || N_OWNS_DEAD || N_OWNS_LOST || S_OWNS_LOST);
#endif
#if ON(N_RESOLVED)
    assert(nst != DECIDING || !UP(N));
#endif
}
#endif

init {
    atomic {
#ifdef TERMINAL
        if
        :: fault = NOTHING
#ifndef NO_FAULT
        :: fault = DIE; who = S
        :: fault = DIE; who = N
        :: fault = CUT; who = 1
        :: fault = RESTART; who = S
        :: fault = RESTART; who = N
        :: fault = NO_RESUME
#if WITNESS
        :: fault = DIE; who = W
        :: fault = CUT; who = 2
        :: fault = CUT; who = 3
#endif
#endif
        fi;
#endif
        run source();
        run destination();
        run faults();
#if WITNESS
        run witness();
#endif
#ifdef TERMINAL
        run last_state();
#endif
    }
}
