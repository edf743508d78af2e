void terrarium_chost_anchor(void);
