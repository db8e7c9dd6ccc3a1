/** Certificates of a cluster: a small authority, PEM files, and what is wrong with a certificate. */
@NullMarked
package org.dcmigrate.ctl.pki;

import org.jspecify.annotations.NullMarked;
