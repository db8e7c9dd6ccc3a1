/**
 * Who sends which page after a redirect: pages that only the source has, pages that contributors
 * relay, and what the source takes over from them so that all are done at the same time. Pure:
 * measurements and time come in as arguments, page sets and decisions go out. The bounds that it is
 * measured against are in SPEC.md, section 13.
 */
@NullMarked
package org.dcmigrate.protocol.split;

import org.jspecify.annotations.NullMarked;
